import { isoTime } from "./iso-time.ts";

/**
 * `$1` node id, `$2` incarnation, `$3` term expected, `$4` channel, `$5`-`$7` the furthest that is known of
 * the log (history, seq, term; null where nothing is). Where the log ends before that, it has lost its end.
 * Two candidates: the second waits for the first one's row lock, finds another term there and writes nothing.
 */
export const raiseTerm = (schema: string): string => `
with raised as (
  update ${schema}.coordinator
  set
    term = case when history = $5::uuid and seq < $6::bigint then greatest(term, $7::bigint) else term end + 1,
    history = case when history = $5::uuid and seq < $6::bigint then gen_random_uuid() else history end,
    seq = seq + 1,
    node_id = $1,
    incarnation = $2
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
