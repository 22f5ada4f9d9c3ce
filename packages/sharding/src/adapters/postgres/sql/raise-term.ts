import { isoTime } from "./iso-time.ts";

/**
 * `$1` node id, `$2` incarnation, `$3` term expected, `$4` channel. Two candidates: the second waits
 * for the first one's row lock, finds another term there and writes nothing.
 */
export const raiseTerm = (schema: string): string => `
with raised as (
  update ${schema}.coordinator
  set term = term + 1, seq = seq + 1, node_id = $1, incarnation = $2
  where one = 1
    and term = $3
  returning term, seq, clock_timestamp() as at
),
logged as (
  insert into ${schema}.cluster_log (seq, at, term, type, body)
  select
    seq, at, term, 'coordinator-elected',
    jsonb_build_object('nodeId', $1::text, 'incarnation', $2::uuid)
  from raised
)
select term::float8 as term, seq::float8 as seq, ${isoTime("at")} as at, pg_notify($4, seq::text) as notified
from raised`;
