import { leaseJson } from "./lease-json.ts";

/** `$1` node id. */
export const readLease = (schema: string): string => `
select ${leaseJson(schema)} as lease
from ${schema}.leases l
where l.node_id = $1`;
