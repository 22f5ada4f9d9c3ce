import type { LoadHistory, NodeSeries, ShardSeries } from "../../live/load-history.ts";
import { compareNames } from "../../live/names.ts";
import { count, plural, type Sentence, say } from "../../live/say.ts";
import { type Series, steps } from "../../live/series.ts";

/** Everything that the page shows, as of one step. */
export interface LoadView {
  /** Of all nodes; one that was not heard in a step counts with what it said shortly before. */
  readonly total: Float32Array;
  readonly failed: Float32Array;
  /** The slowest node's. @unit milliseconds */
  readonly p50: Float32Array;
  readonly p99: Float32Array;
  readonly nodes: readonly NodeLoadRow[];
  readonly shards: readonly ShardLoadRow[];
  /** The largest value of each, for the scale of its colours. */
  readonly mostOfNode: number;
  readonly mostOfShard: number;
}

export interface NodeLoadRow {
  readonly nodeId: string;
  /** Null when it has not been heard lately. */
  readonly now: number | null;
  readonly share: number;
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  readonly requests: Float32Array;
}

export interface ShardLoadRow {
  readonly key: string;
  readonly group: string;
  readonly shard: number;
  readonly nodeId: string;
  /** Null when it is not among its node's hottest any more. */
  readonly now: number | null;
  /** Of its node's requests. */
  readonly share: number | null;
  readonly busyMs: number | null;
  readonly mean: number;
  readonly requests: Float32Array;
}

/** A figure that is older than so many steps is not "now", and none of a sum. */
const freshSteps = 2;

export function loadView(history: LoadHistory, last: number): LoadView {
  const series = history.nodes();
  const total = overNodes(series, last, "requests", add);
  const nodes = series
    .map((it) => nodeRow(it, last))
    .sort((a, b) => compareNames(a.nodeId, b.nodeId));
  const all = nodes.reduce((sum, it) => sum + (it.now ?? 0), 0);
  const perNode = new Map(nodes.map((it) => [it.nodeId, it.now]));
  const shards = history
    .shards()
    .map((it) => shardRow(it, last, perNode.get(it.nodeId) ?? null))
    .sort((a, b) => (b.now ?? -1) - (a.now ?? -1) || b.mean - a.mean || a.shard - b.shard);
  return {
    total,
    failed: overNodes(series, last, "failed", add),
    p50: overNodes(series, last, "p50", Math.max),
    p99: overNodes(series, last, "p99", Math.max),
    nodes: nodes.map((it) => ({ ...it, share: all === 0 ? 0 : (it.now ?? 0) / all })),
    shards,
    mostOfNode: mostOf(nodes),
    mostOfShard: mostOf(shards),
  };
}

const add = (a: number, b: number): number => a + b;

function overNodes(
  nodes: readonly NodeSeries[],
  last: number,
  figure: "requests" | "failed" | "p50" | "p99",
  join: (a: number, b: number) => number,
): Float32Array {
  const joined = new Float32Array(steps).fill(Number.NaN);
  for (const node of nodes) {
    held(node[figure].upTo(last)).forEach((value, at) => {
      if (Number.isNaN(value)) return;
      const before = joined[at] ?? Number.NaN;
      joined[at] = Number.isNaN(before) ? value : join(before, value);
    });
  }
  return joined;
}

/** Without it a step that has just begun is the sum of the few nodes that spoke already. */
function held(values: Float32Array): Float32Array {
  let [latest, at] = [Number.NaN, Number.NEGATIVE_INFINITY];
  return values.map((value, step) => {
    if (Number.isNaN(value)) return step - at > freshSteps ? Number.NaN : latest;
    [latest, at] = [value, step];
    return value;
  });
}

function nodeRow(it: NodeSeries, last: number): NodeLoadRow {
  return {
    nodeId: it.nodeId,
    now: fresh(it.requests, last),
    share: 0,
    p50Ms: fresh(it.p50, last),
    p99Ms: fresh(it.p99, last),
    requests: it.requests.upTo(last),
  };
}

function shardRow(it: ShardSeries, last: number, ofNode: number | null): ShardLoadRow {
  const now = fresh(it.requests, last);
  const requests = it.requests.upTo(last);
  return {
    key: `${it.group}/${it.shard}`,
    ...{ group: it.group, shard: it.shard, nodeId: it.nodeId, now, requests },
    share: now === null || ofNode === null || ofNode === 0 ? null : Math.min(1, now / ofNode),
    busyMs: now === null ? null : it.busyMs,
    mean: describe(requests).mean,
  };
}

function fresh(it: Series, last: number): number | null {
  return it.newest < last - freshSteps ? null : it.at(it.newest);
}

const mostOf = (rows: readonly { readonly requests: Float32Array }[]): number =>
  Math.max(1, ...rows.map((it) => describe(it.requests).most));

/** A series in four figures; NaN where nothing was heard at all. */
export interface Described {
  readonly now: number;
  readonly least: number;
  readonly most: number;
  readonly mean: number;
}

export function describe(values: Float32Array): Described {
  let [least, most, sum, heard, now] = [Infinity, -Infinity, 0, 0, Number.NaN];
  for (const value of values) {
    if (Number.isNaN(value)) continue;
    least = Math.min(least, value);
    most = Math.max(most, value);
    sum += value;
    heard++;
    now = value;
  }
  return heard === 0
    ? { now, least: Number.NaN, most: 0, mean: 0 }
    : { now, least, most, mean: sum / heard };
}

/** One sentence for the page: how much, where, and what stands out. */
export function loadSentence(view: LoadView): Sentence {
  const { now } = describe(view.total);
  const [hottest] = view.shards;
  const fullest = view.nodes.toSorted((a, b) => b.share - a.share)[0];
  if (Number.isNaN(now) || fullest === undefined) return say`No node has said what it carries yet.`;
  const much = say`${count(Math.round(now))} requests a second on ${plural(view.nodes.length, "node")}`;
  if (now < 1) return [...much, "."];
  const where = say`; ${fullest.nodeId} answers ${percent(fullest.share)} of them.`;
  if (hottest?.now == null || hottest.share === null) return [...much, ...where];
  return [
    ...much,
    ...where,
    ...say` The hottest shard is ${hottest.key} at ${hottest.nodeId}: ${rate(hottest.now)} a second, ${percent(hottest.share)} of what its node answers.`,
  ];
}

export const percent = (part: number): string => `${Math.round(part * 100)} %`;

/** Small rates in tenths: 0.4 is not nothing. */
export const rate = (value: number): string =>
  value > 0 && value < 10 ? value.toFixed(1) : count(Math.round(value));
