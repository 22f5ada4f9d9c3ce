import type { GroupName, ShardRef } from "./ids.ts";

/** How far one shard's events were followed: up to and including its event number `seq`; 0 is before the first. */
export interface ShardPosition extends ShardRef {
  readonly seq: number;
}

/** Where a follower of events goes on. Text that only {@link decodeCursor} reads; its format is no promise. */
export type Cursor = string;

export interface CursorContent {
  /** A position in one cluster's journal says nothing about another's. */
  readonly cluster: string;
  /** The one shard that was followed; null: all of them. */
  readonly only: ShardRef | null;
  /** Shards that are not listed stand before their first event. */
  readonly positions: readonly ShardPosition[];
}

const version = 1;

export function encodeCursor({ cluster, only, positions }: CursorContent): Cursor {
  const groups: Record<GroupName, number[]> = {};
  for (const { group, shard, seq } of positions.toSorted(byShard)) {
    groups[group] ??= [];
    groups[group].push(shard, seq);
  }
  const scope = only === null ? null : [only.group, only.shard];
  return JSON.stringify([version, cluster, scope, groups]);
}

/** @returns null for what is no cursor, or one of a version that this program does not know. */
export function decodeCursor(text: unknown): CursorContent | null {
  const list = typeof text === "string" ? parse(text) : null;
  if (!Array.isArray(list) || list.length !== 4) return null;
  const [ofVersion, cluster, scope, groups] = list as readonly unknown[];
  if (ofVersion !== version || typeof cluster !== "string") return null;
  const only = scope === null ? null : scopeOf(scope);
  if (only === undefined || !isRecord(groups)) return null;
  const positions: ShardPosition[] = [];
  for (const [group, pairs] of Object.entries(groups)) {
    const read = group === "" ? null : positionsOf(group, pairs);
    if (read === null) return null;
    positions.push(...read);
  }
  const isOutside = ({ group, shard }: ShardRef): boolean =>
    only !== null && (only.group !== group || only.shard !== shard);
  return positions.some(isOutside) ? null : { cluster, only, positions };
}

/** Shards rise, each once: what two cursors of one place have in common is their text. */
function positionsOf(group: GroupName, pairs: unknown): ShardPosition[] | null {
  if (!Array.isArray(pairs) || pairs.length % 2 !== 0 || !pairs.every(isCount)) return null;
  const positions: ShardPosition[] = [];
  for (let at = 0; at < pairs.length; at += 2) {
    const [shard, seq] = [pairs[at] as number, pairs[at + 1] as number];
    if (shard <= (positions.at(-1)?.shard ?? -1)) return null;
    positions.push({ group, shard, seq });
  }
  return positions;
}

function scopeOf(scope: unknown): ShardRef | undefined {
  if (!Array.isArray(scope) || scope.length !== 2) return undefined;
  const [group, shard] = scope as readonly unknown[];
  return typeof group === "string" && group !== "" && isCount(shard) ? { group, shard } : undefined;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isCount = (value: unknown): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0;

const byShard = (a: ShardRef, b: ShardRef): number =>
  a.group === b.group ? a.shard - b.shard : a.group < b.group ? -1 : 1;
