/** Rows as they are shown while a hand is on them. */
export interface HeldRows<T> {
  readonly rows: readonly HeldRow<T>[];
  /** Rows that would come, go or stand elsewhere if nobody held them. */
  readonly changes: number;
}

export interface HeldRow<T> {
  readonly key: string;
  readonly row: T;
  /** It is no longer among the fresh ones; it shows what it showed last. */
  readonly isGone: boolean;
}

/**
 * Fresh values in the order that is held: a row never slips away under the pointer, but what it says is
 * never old unless the row itself is gone.
 */
export function holdRows<T>(
  held: readonly HeldRow<T>[],
  fresh: readonly T[],
  keyOf: (row: T) => string,
): HeldRows<T> {
  const byKey = new Map(fresh.map((row) => [keyOf(row), row]));
  const rows = held.map(({ key, row }): HeldRow<T> => {
    const now = byKey.get(key);
    return now === undefined ? { key, row, isGone: true } : { key, row: now, isGone: false };
  });
  const heldKeys = new Set(held.map(({ key }) => key));
  const stayed = rows.filter((it) => !it.isGone);
  const stayedFresh = fresh.filter((row) => heldKeys.has(keyOf(row)));
  const moved = stayedFresh.filter((row, at) => stayed[at]?.key !== keyOf(row)).length;
  const gone = rows.length - stayed.length;
  const came = byKey.size - stayed.length;
  return { rows, changes: came + gone + moved };
}

/**
 * Fresh rows, each where it stood: a row that is gone leaves its place to one of its kind that came. Without that, a list
 * whose rows come and go many times a second never stands still.
 *
 * @param kindOf rows of a kind stand together, in the order of `fresh`.
 */
export function settleRows<T>(
  shown: readonly HeldRow<T>[],
  fresh: readonly T[],
  keyOf: (row: T) => string,
  kindOf: (row: T) => string,
): T[] {
  const shownKeys = new Set(shown.map(({ key }) => key));
  return [...Map.groupBy(fresh, kindOf)].flatMap(([kind, rows]) => {
    const byKey = new Map(rows.map((row) => [keyOf(row), row]));
    const came = rows.filter((row) => !shownKeys.has(keyOf(row)));
    const places = shown.filter(({ row }) => kindOf(row) === kind);
    const stand = places.flatMap(({ key }) => byKey.get(key) ?? came.shift() ?? []);
    return [...stand, ...came];
  });
}

/** Nobody holds them. */
export const freeRows = <T>(fresh: readonly T[], keyOf: (row: T) => string): HeldRows<T> => ({
  rows: fresh.map((row) => ({ key: keyOf(row), row, isGone: false })),
  changes: 0,
});
