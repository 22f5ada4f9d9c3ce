import { numberColumns } from "../alike.ts";

/** One table's share of a commit: it writes what `counted` lets through. */
export interface Part {
  readonly cte: string;
  /** A `when ... then ...`: the reason why the commit must fail, if it must. */
  readonly check?: string;
}

/** Where the statement has a list of rows: parameters, `$4` for example. */
export interface RowList {
  /** A JSON list. */
  readonly rows: string;
  /** How many rows it stands for. */
  readonly count: string;
}

interface Column {
  readonly name: string;
  readonly declaration: string;
}

const columnsOf = (columns: string): readonly Column[] =>
  columns.split(",").map((column) => {
    const declaration = column.trim();
    return { name: declaration.split(" ")[0] ?? "", declaration };
  });

const isListed = (column: string): boolean => numberColumns.some((name) => name === column);

const names = (columns: string): readonly string[] => columnsOf(columns).map(({ name }) => name);

/**
 * A JSON list as rows `r`. The limit is no limit: it tells the planner how many rows there are, so
 * that one changed shard is looked up and not found by reading all of them.
 *
 * The columns that tell alike rows apart come as lists (alike.ts): a row stands for as many as these are long.
 */
export const recordset = ({ rows, count }: RowList, columns: string): string => {
  const lists = names(columns).filter(isListed);
  const declared = columnsOf(columns).map(({ name, declaration }) =>
    isListed(name) ? `${declaration}[]` : declaration,
  );
  const selected = names(columns).map((name) => (isListed(name) ? `n.${name}` : `e.${name}`));
  const listed = lists.map((name) => `e.${name}`).join(", ");
  return `(
    select ${selected.join(", ")}
    from json_to_recordset(${rows}::json) as e (${declared.join(", ")})
    ${lists.length === 0 ? "" : `cross join unnest(${listed}) as n (${lists.join(", ")})`}
    limit ${count}::bigint
  ) as r`;
};

/** An update that must find each of its rows. */
const updating = (name: string, list: RowList, reason: string, update: string): Part => ({
  cte: `${name} as (
  ${update}
  returning 1
)`,
  check: `when (select count(*) from ${name}) <> ${list.count}::bigint then '${reason}'`,
});

const inserting = (
  name: string,
  table: string,
  list: RowList,
  columns: string,
): string => `${name} as (
  insert into ${table} as t (${names(columns).join(", ")})
  select ${names(columns)
    .map((column) => `r.${column}`)
    .join(", ")}
  from counted, ${recordset(list, columns)}`;

/** `created_seq` stays that of the group's creation. */
export const changedGroups = (schema: string, list: RowList): Part => ({
  cte: `${inserting(
    "changed_groups",
    `${schema}.shard_groups`,
    list,
    "name text, shards int, strategy text, workers int, created_seq bigint",
  )}
  on conflict (name) do update set shards = excluded.shards, workers = excluded.workers
)`,
});

/** `created_seq` stays that of the node's first row. */
export const changedNodes = (schema: string, list: RowList): Part => ({
  cte: `${inserting(
    "changed_nodes",
    `${schema}.nodes`,
    list,
    `node_id text, incarnation uuid, address text, zone text, weight double precision, labels jsonb,
     state text, cordoned boolean, groups text[], created_seq bigint`,
  )}
  on conflict (node_id) do update set
    incarnation = excluded.incarnation,
    address = excluded.address,
    zone = excluded.zone,
    weight = excluded.weight,
    labels = excluded.labels,
    state = excluded.state,
    cordoned = excluded.cordoned,
    groups = excluded.groups
)`,
});

const shardState = `state text, epoch bigint, pinned boolean, owner_node_id text, owner_incarnation uuid,
    handoff_id text, handoff_to_node_id text, handoff_to_incarnation uuid, handoff_plan_id text,
    carried_handoff_id text, carried_from_node_id text, carried_from_incarnation uuid,
    carried_digest text, carried_size bigint`;
const shardColumns = `group_name text, shard int, ${shardState}`;

export const newShards = (schema: string, list: RowList): Part => ({
  cte: `${inserting("new_shards", `${schema}.shards`, list, shardColumns)}
)`,
});

export const changedShards = (schema: string, list: RowList): Part =>
  updating(
    "changed_shards",
    list,
    "a shard has no row, or its epoch would go down",
    `update ${schema}.shards s
  set ${names(shardState)
    .map((column) => `${column} = r.${column}`)
    .join(", ")}
  from counted, ${recordset(list, shardColumns)}
  where s.group_name = r.group_name
    and s.shard = r.shard
    and s.epoch <= r.epoch`,
  );

export const newPlans = (schema: string, list: RowList): Part => ({
  cte: `${inserting(
    "new_plans",
    `${schema}.plans`,
    list,
    `plan_id text, kind text, by text, node_id text, undoes text, based_on_seq bigint,
     spread_before double precision, spread_after double precision, state text, why text,
     created_seq bigint`,
  )}
)`,
});

export const newMoves = (schema: string, list: RowList): Part => ({
  cte: `${inserting(
    "new_moves",
    `${schema}.moves`,
    list,
    `plan_id text, index int, group_name text, shard int, from_node_id text, from_incarnation uuid,
     to_node_id text, to_incarnation uuid, epoch bigint, reason text,
     state text, why text, epoch_after bigint`,
  )}
)`,
});

export const changedPlans = (schema: string, list: RowList): Part =>
  updating(
    "changed_plans",
    list,
    "a plan has no row",
    `update ${schema}.plans p
  set state = r.state, why = r.why
  from counted, ${recordset(list, "plan_id text, state text, why text")}
  where p.plan_id = r.plan_id`,
  );

export const changedMoves = (schema: string, list: RowList): Part =>
  updating(
    "changed_moves",
    list,
    "a move has no row",
    `update ${schema}.moves m
  set state = r.state, why = r.why, epoch_after = r.epoch_after
  from counted, ${recordset(list, "plan_id text, index int, state text, why text, epoch_after bigint")}
  where m.plan_id = r.plan_id
    and m.index = r.index`,
  );

export const logged = (schema: string, list: RowList): Part => ({
  cte: `logged as (
  insert into ${schema}.cluster_log (seq, at, term, type, body)
  select
    $2 + r.n, counted.at, counted.term, r.type,
    r.body || jsonb_strip_nulls(
      jsonb_build_object('index', r.index, 'shard', r.shard, 'epoch', r.epoch)
    )
  from counted, ${recordset(list, "type text, body jsonb, n int, index int, shard int, epoch bigint")}
  order by r.n
)`,
});
