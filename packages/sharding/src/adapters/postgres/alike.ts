export type Row = Readonly<Record<string, unknown>>;
export type Lists = Readonly<Record<string, readonly number[]>>;

/** Rows as the statements of a commit take them. */
export interface AlikeRows {
  /** How many rows these stand for. */
  readonly count: number;
  readonly rows: readonly Row[];
}

/** The columns that tell alike rows apart. */
export const numberColumns = ["n", "index", "shard", "epoch", "epoch_after"] as const;

export type Numbers = { readonly [column in (typeof numberColumns)[number]]?: number | null };

/**
 * Rows that differ in some numbers alone become one, in which those are lists. After a death thousands of
 * shards get a new home: written out one by one, their rows and events are a megabyte of JSON, and the
 * server took nearly twice as long for the commit that everybody waits for.
 *
 * Every row has at least one of the numbers. One that is null stays as it is.
 *
 * @param shape of a row. @default its columns and its lists side by side
 */
export function alike(
  rows: readonly Numbers[],
  shape: (rest: Row, lists: Lists) => Row = (rest, lists) => ({ ...rest, ...lists }),
): AlikeRows {
  const groups = new Map<string, { rest: Row; lists: Record<string, number[]> }>();
  for (const row of rows) {
    // Spread and not a loop over the entries: in a coordinator that has just begun it takes less.
    const { n, index, shard, epoch, epoch_after, ...columns } = row;
    const rest: Row = {
      ...columns,
      ...(epoch === null ? { epoch } : undefined),
      ...(epoch_after === null ? { epoch_after } : undefined),
    };
    const numbers = { n, index, shard, epoch, epoch_after };
    const listed = numberColumns.filter((name) => typeof numbers[name] === "number");
    // Also by which columns are lists: the places in them belong together.
    const key = `${listed} ${JSON.stringify(rest)}`;
    const lists = groups.get(key)?.lists ?? {};
    if (!groups.has(key)) groups.set(key, { rest, lists });
    for (const name of listed) add(lists, name, numbers[name] as number);
  }
  return {
    count: rows.length,
    rows: [...groups.values()].map(({ rest, lists }) => shape(rest, lists)),
  };
}

function add(lists: Record<string, number[]>, column: string, value: number): void {
  const list = lists[column];
  if (list === undefined) lists[column] = [value];
  else list.push(value);
}
