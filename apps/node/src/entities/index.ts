/** The sample entity types, served unless LEASEHOLD_ENTITIES names another module. */
export { Account } from "./account.ts";
export { Counter } from "./counter.ts";
export { Register } from "./register.ts";
