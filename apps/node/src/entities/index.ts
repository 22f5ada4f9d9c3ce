/** The sample entity types, served unless LEASEHOLD_ENTITIES names another module. */
export { Counter } from "./counter.ts";
