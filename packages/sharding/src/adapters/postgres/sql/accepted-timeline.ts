import { timeline } from "./timeline.ts";

/** The history, the term, the timeline that the server writes, and the one that coordinators have accepted (null: none yet). */
export const readStanding = (schema: string): string => `
select history, term::float8 as term, ${timeline} as timeline, timeline::int as "acceptedTimeline"
from ${schema}.coordinator`;

/** `$1` the timeline that was waited for. Another failover in between changes nothing and returns no row. */
export const acceptTimeline = (schema: string): string => `
update ${schema}.coordinator
set timeline = $1
where one = 1 and ${timeline} = $1
returning timeline`;
