import type { AlikeRows, Row } from "../alike.ts";
import type { WriteSet } from "../write-set.ts";
import {
  changedGroups,
  changedMoves,
  changedNodes,
  changedPlans,
  changedShards,
  logged,
  newMoves,
  newPlans,
  newShards,
  type Part,
  type RowList,
  recordset,
} from "./commit-rows.ts";
import { isoTime } from "./iso-time.ts";

/** What one commit writes. Lists that are empty cost nothing: their part of the statement is left out. */
export interface CommitContent extends WriteSet {
  readonly term: number;
  readonly after: number;
  /** Rows of (node_id, incarnation, renewals). */
  readonly deaths: readonly Row[];
  /** Where to say that it happened; null where nobody needs to know at once. */
  readonly channel: string | null;
}

export interface Statement {
  readonly text: string;
  readonly values: unknown[];
}

/**
 * Guard, counter, deaths, rows and log of one commit, all or nothing.
 *
 * What holds it together under READ COMMITTED, where a statement sees one snapshot but row locks see
 * the newest version:
 *
 * - `head` locks the coordinator's row first, so commits queue here (no deadlock among them), and it
 *   reads the newest term and seq, not the snapshot's: a term raised meanwhile is noticed.
 * - `lease` locks the lease rows of the declared, only for a commit that passed the guard. A renewal
 *   that is under way is waited for, and its new counter is what comes back; after that none can
 *   happen before this statement has ended. So `refuted` is the truth, not a snapshot.
 * - `counted` is empty when the guard fails or anybody is refuted, and everything else selects from
 *   `counted`: then nothing is written.
 * - Epochs never go down: a shard's update asks for it, and a row that did not answer fails the whole
 *   statement by the cast at the end (S2), because its log entry would then be a lie (S7).
 *
 * One row comes back: `at` (null: not committed), `term` (the present one), `alive` (the refuted).
 */
export function commitStatement(schema: string, content: CommitContent): Statement {
  const values: unknown[] = [content.term, content.after, content.events.count];
  const list = ({ rows, count }: AlikeRows): RowList => ({
    rows: `$${values.push(JSON.stringify(rows))}`,
    count: `$${values.push(count)}`,
  });
  const each = (rows: readonly Row[]): AlikeRows => ({ rows, count: rows.length });
  const declared = content.deaths.length > 0 ? list(each(content.deaths)) : null;
  const parts: Part[] = [];
  const add = (part: (schema: string, list: RowList) => Part, rows: AlikeRows) => {
    if (rows.count > 0) parts.push(part(schema, list(rows)));
  };
  add(changedGroups, each(content.groups));
  add(changedNodes, each(content.nodes));
  add(newShards, content.newShards);
  add(changedShards, content.shards);
  add(newPlans, each(content.newPlans));
  add(newMoves, content.newMoves);
  add(changedPlans, each(content.plans));
  add(changedMoves, content.moves);
  add(logged, content.events);
  const checks = parts.flatMap(({ check }) => (check === undefined ? [] : [check]));
  const ctes = [
    head(schema),
    ...(declared === null ? [] : [lease(schema, declared), refuted]),
    counted(schema, declared !== null),
    ...(declared === null ? [] : [died(schema, declared)]),
    ...parts.map(({ cte }) => cte),
  ];
  const notified =
    content.channel === null
      ? "null"
      : `(select pg_notify($${values.push(content.channel)}::text, seq::text) from counted)`;
  const text = `
with ${ctes.join(",\n")}
select
  (select ${isoTime("at")} from counted) as at,
  (select term::float8 from head) as term,
  ${declared === null ? "'[]'::json" : aliveRows} as alive,
  ${notified} as notified,
  ${checks.length === 0 ? "null" : `(select case ${checks.join("\n")} end from counted)::int`} as complete`;
  return { text, values };
}

const head = (schema: string): string => `head as materialized (
  select term, seq from ${schema}.coordinator where one = 1 for update
)`;

const deathColumns = "node_id text, incarnation uuid, renewals bigint";

const lease = (schema: string, declared: RowList): string => `lease as materialized (
  select
    l.node_id, l.incarnation, l.state, l.renewals,
    r.incarnation as declared_incarnation, r.renewals as declared_renewals
  from head
  cross join ${recordset(declared, deathColumns)}
  join ${schema}.leases l on l.node_id = r.node_id
  where head.term = $1
    and head.seq = $2
  order by l.node_id
  for update of l
)`;

const refuted = `refuted as materialized (
  select node_id, incarnation
  from lease
  where incarnation = declared_incarnation
    and state = 'alive'
    and renewals <> declared_renewals
)`;

const counted = (schema: string, hasDeaths: boolean): string => `counted as (
  update ${schema}.coordinator c
  set seq = c.seq + $3
  from head
  where c.one = 1
    and c.term = $1
    and c.seq = $2
    and head.term = $1
    and head.seq = $2
    ${hasDeaths ? "and not exists (select from refuted)" : ""}
  returning c.term, c.seq, clock_timestamp() as at
)`;

/** What a declared death needs was checked by `lease`; rows that are not alive any more stay as they are. */
const died = (schema: string, declared: RowList): string => `died as (
  update ${schema}.leases l
  set state = 'dead'
  from counted, ${recordset(declared, deathColumns)}
  where l.node_id = r.node_id
    and l.incarnation = r.incarnation
    and l.renewals = r.renewals
    and l.state = 'alive'
)`;

const aliveRows = `(
    select coalesce(json_agg(json_build_object('nodeId', node_id, 'incarnation', incarnation)), '[]')
    from refuted
  )`;
