import type * as observe from "@leasehold/sharding/observe";
import { shardKey } from "@leasehold/sharding/observe";
import { compareNames } from "../live/names.ts";
import type { DaemonsView, DaemonView, WorkerState, WorkerView } from "../wire/daemons-view.ts";
import type { WorkerHistory } from "./worker-history.ts";

/** What a node answers to `GET /v1/daemons`, as far as it is read here. */
export interface DaemonsAnswer {
  /** How far its copy of the log has come. */
  readonly seq: number;
  readonly daemons: readonly DaemonAnswer[];
}

type LoggedWorker = Omit<observe.WorkerView, "incarnation">;

interface DaemonAnswer extends Omit<observe.DaemonView, "items"> {
  readonly items: readonly LoggedWorker[];
}

/** What became of the question to one node. */
export type NodeReply =
  | { readonly nodeId: string; readonly answer: DaemonsAnswer }
  | { readonly nodeId: string; readonly why: string };

/**
 * One view from what many nodes say, each at its own instant. Where a worker lives is the log's to say, and
 * of two copies of the log the longer one is right; how it does there is its home's to say. A home that did
 * not answer leaves its workers unknown, whatever the log has of them.
 *
 * @param histories what the log remembers of workers, by shard.
 */
export function mergeDaemons(
  replies: readonly NodeReply[],
  histories: ReadonlyMap<string, WorkerHistory>,
): DaemonsView {
  const answers = new Map<string, DaemonsAnswer>();
  const unanswered: { nodeId: string; why: string }[] = [];
  for (const reply of replies) {
    if ("answer" in reply) answers.set(reply.nodeId, reply.answer);
    else unanswered.push(reply);
  }
  const latest = new Map<string, DaemonAnswer>();
  for (const { daemons } of [...answers.values()].toSorted((a, b) => a.seq - b.seq)) {
    for (const it of daemons) latest.set(it.daemon, it);
  }
  return {
    answered: answers.size,
    unanswered: unanswered.toSorted((a, b) => compareNames(a.nodeId, b.nodeId)),
    daemons: [...latest.values()]
      .toSorted((a, b) => compareNames(a.daemon, b.daemon))
      .map((it) => mergeDaemon(it, answers, histories)),
  };
}

function mergeDaemon(
  { daemon, group, workers, items }: DaemonAnswer,
  answers: ReadonlyMap<string, DaemonsAnswer>,
  histories: ReadonlyMap<string, WorkerHistory>,
): DaemonView {
  const seen = sightingsOf(daemon, answers);
  const needed = items.map((it): WorkerView => {
    const sightings = seen.get(it.index) ?? [];
    const hasAnswered = it.nodeId !== null && answers.has(it.nodeId);
    const history = histories.get(shardKey({ group, shard: it.index }));
    const whyHomeless = it.nodeId === null ? (history?.whyHomeless ?? null) : null;
    const failures = failuresOf(sightings, history);
    return { ...workerOf(it, sightings, hasAnswered), ...failures, whyHomeless };
  });
  const left = [...seen].filter(([index]) => index >= workers).flatMap(([, it]) => leftoverOf(it));
  const all = [...needed, ...left];
  return { daemon, group, workers, items: all.toSorted((a, b) => a.index - b.index) };
}

/** What a node says of a worker that it runs, or is about to give up. */
interface Sighting extends observe.WorkerHere {
  readonly nodeId: string;
}

/** By index: what anybody says of it. */
function sightingsOf(
  daemon: string,
  answers: ReadonlyMap<string, DaemonsAnswer>,
): ReadonlyMap<number, readonly Sighting[]> {
  const all = [...answers].flatMap(([nodeId, { daemons }]) =>
    (daemons.find((it) => it.daemon === daemon)?.here ?? []).map((it) => ({ ...it, nodeId })),
  );
  return Map.groupBy(all, (it) => it.index);
}

type Failures = Pick<WorkerView, "failures" | "lastFailure">;

function workerOf(
  it: LoggedWorker,
  seen: readonly Sighting[],
  hasHomeAnswered: boolean,
): Omit<WorkerView, keyof Failures | "whyHomeless"> {
  // What its home says of an earlier run is not about this one.
  const own = seen.find((one) => one.nodeId === it.nodeId && one.fence >= it.epoch);
  const elsewhere = seen.filter((one) => one.nodeId !== it.nodeId && one.state !== "waiting");
  return {
    index: it.index,
    state: stateOf(it, own, hasHomeAnswered),
    nodeId: it.nodeId,
    fence: own?.fence ?? it.epoch,
    forMs: own?.sinceMs ?? null,
    beatAgeMs: own?.beatAgeMs ?? null,
    alsoAt: elsewhere.map(({ nodeId, fence }) => ({ nodeId, fence })),
  };
}

function stateOf(
  it: LoggedWorker,
  own: Sighting | undefined,
  hasHomeAnswered: boolean,
): WorkerState {
  if (it.nodeId === null) return "homeless";
  if (!hasHomeAnswered) return "unknown";
  if (own?.state === "waiting") return "waiting";
  if (it.state === "handing-off") return "moving";
  return own?.state ?? "starting";
}

/** The daemon has fewer workers now, and these have not ended. */
function leftoverOf(seen: readonly Sighting[]): WorkerView[] {
  return seen
    .filter((it) => it.state !== "waiting")
    .map((it) => ({
      index: it.index,
      state: "stopping",
      nodeId: it.nodeId,
      fence: it.fence,
      forMs: it.state === "stopping" ? it.sinceMs : null,
      beatAgeMs: it.beatAgeMs,
      ...failuresOf([it], undefined),
      whyHomeless: null,
      alsoAt: [],
    }));
}

/**
 * The log hears of a failure when the pause after it is over, and remembers it; until then its home tells it.
 * A node counts what fails in a row on it, the log counts everywhere.
 */
function failuresOf(seen: readonly Sighting[], history: WorkerHistory | undefined): Failures {
  const { failures = 0, lastFailure: kept = null } = history ?? {};
  const waiting = seen.find((it) => it.state === "waiting" && it.fence > (kept?.fence ?? -1));
  const told = waiting ?? seen.find((it) => it.lastFailure !== null);
  const most = Math.max(failures + (waiting === undefined ? 0 : 1), ...seen.map(inARow));
  if (kept !== null && waiting === undefined) {
    return { failures: most, lastFailure: { nodeId: kept.nodeId, words: kept.why } };
  }
  const words = told?.lastFailure ?? null;
  const lastFailure = told === undefined || words === null ? null : { nodeId: told.nodeId, words };
  return { failures: most, lastFailure };
}

const inARow = (it: Sighting): number => it.failures;
