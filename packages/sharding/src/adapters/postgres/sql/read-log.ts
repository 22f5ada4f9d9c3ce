import { isoTime } from "./iso-time.ts";

/** `$1` after, `$2` limit. One statement, so that `oldest` and the entries are of one moment. */
export const readLog = (schema: string): string => `
select
  c.history,
  coalesce((select min(seq) from ${schema}.cluster_log), 0)::float8 as oldest,
  (
    select coalesce(json_agg(
      json_build_object('seq', e.seq, 'at', ${isoTime("e.at")}, 'term', e.term, 'type', e.type, 'body', e.body)
      order by e.seq
    ), '[]')
    from (
      select * from ${schema}.cluster_log where seq > $1 order by seq limit $2
    ) e
  ) as entries
from ${schema}.coordinator c`;
