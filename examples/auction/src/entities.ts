/** What the nodes run: `LEASEHOLD_ENTITIES` names this module. */
export { Lot } from "./lot.ts";
export { Purse } from "./purse.ts";
export { Settler } from "./settler.ts";
