import { duration, plural, type Sentence, say } from "../../live/say.ts";
import type { Look, Tone } from "../../ui/tone.ts";
import type { DaemonView, WorkerState, WorkerView } from "../../wire/daemons-view.ts";

/** What lasts longer is no step any more that somebody is about to take. @unit milliseconds */
const stuckAfterMs = 5_000;

/** A view that is so old is not the present any more. @param ageMs since it came. @unit milliseconds */
export const isOld = (ageMs: number): boolean => ageMs > 5_000;

const looks: Readonly<Record<WorkerState, Look>> = {
  running: { word: "running", glyph: "dot", tone: "stable" },
  starting: { word: "starting", glyph: "dots", tone: "handoff" },
  moving: { word: "moving", glyph: "pie", tone: "handoff" },
  stopping: { word: "stopping", glyph: "leave", tone: "handoff" },
  waiting: { word: "failed, waits", glyph: "clock", tone: "warning" },
  homeless: { word: "no home", glyph: "ring", tone: "warning" },
  unknown: { word: "unknown", glyph: "question", tone: "unknown" },
};

const stuck: Look = { word: "stuck", glyph: "zig", tone: "warning" };

/** @param ageMs how old the view is. @unit milliseconds */
export const workerLook = (it: WorkerView, ageMs: number): Look =>
  isStuck(it, ageMs) ? stuck : looks[it.state];

const isStuck = (it: WorkerView, ageMs: number): boolean =>
  (it.state === "stopping" || it.state === "moving") &&
  it.forMs !== null &&
  it.forMs + ageMs > stuckAfterMs;

const isNeeded = ({ workers }: DaemonView, { index }: WorkerView): boolean => index < workers;

export const runningOf = (daemon: DaemonView): number =>
  daemon.items.filter((it) => isNeeded(daemon, it) && it.state === "running").length;

/** How a daemon is, in a few words: the worst of its workers gives the tone. */
export function daemonLook(daemon: DaemonView, ageMs: number): Look {
  const { workers, items } = daemon;
  if (workers === 0 && items.length === 0) {
    return { word: "scaled to none", glyph: "minus", tone: "unknown" };
  }
  const running = runningOf(daemon);
  const worst = items
    .map((it) => workerLook(it, ageMs))
    .reduce((a, b) => (rank(b.tone) > rank(a.tone) ? b : a), looks.running);
  if (worst.tone === "stable") {
    return {
      word: workers === 1 ? "it runs" : `all ${workers} run`,
      glyph: "check",
      tone: "stable",
    };
  }
  const unknown = items.filter((it) => it.state === "unknown").length;
  const rest = unknown > 0 ? `, ${unknown} unknown` : "";
  return { ...worst, word: `${running} of ${workers} run${rest}` };
}

const tones: readonly Tone[] = ["stable", "handoff", "unknown", "warning", "danger"];
const rank = (tone: Tone): number => tones.indexOf(tone);

/** Something that is not as it should be, in one sentence. */
export interface Trouble {
  readonly key: string;
  readonly look: Look;
  readonly words: Sentence;
}

/** Worst first. What passes within a moment is no trouble: the table shows it. */
export function troublesOf(daemon: DaemonView, ageMs: number): readonly Trouble[] {
  const { items } = daemon;
  const of = (state: WorkerState): readonly WorkerView[] =>
    items.filter((it) => it.state === state);
  return [
    ...grouped(of("homeless"), (it) => it.whyHomeless ?? "", homeless),
    ...of("waiting").map((it) => one(it, looks.waiting, waiting(it, ageMs))),
    ...items
      .filter((it) => isStuck(it, ageMs))
      .map((it) => one(it, stuck, late(it, !isNeeded(daemon, it), ageMs))),
    ...items.flatMap((it) =>
      it.alsoAt.map((other) => one({ ...it, nodeId: other.nodeId }, twiceLook, twice(it, other))),
    ),
    ...grouped(of("unknown"), (it) => it.nodeId ?? "", unheard),
  ];
}

const one = (it: WorkerView, look: Look, words: Sentence): Trouble => ({
  key: `${it.index} at ${it.nodeId}: ${look.word}`,
  look,
  words,
});

type Workers = readonly [WorkerView, ...WorkerView[]];

/** A node that is silent, or a reason that holds for many, is named once. */
function grouped(
  items: readonly WorkerView[],
  by: (it: WorkerView) => string,
  words: (them: Workers) => Sentence,
): Trouble[] {
  return [...Map.groupBy(items, by).values()].flatMap(([first, ...rest]) =>
    first === undefined ? [] : [one(first, looks[first.state], words([first, ...rest]))],
  );
}

function homeless(them: Workers): Sentence {
  const [{ index, fence, whyHomeless }] = them;
  const why = `: ${whyHomeless ?? "the log that is kept does not say why"}.`;
  if (them.length > 1) return [...say`Workers ${listed(them.map(indexOf))} have no home`, why];
  if (fence === 0) return say`Worker ${index} has no home, and was never given one.`;
  return [...say`Worker ${index} has had no home since fence ${fence}`, why];
}

function waiting(it: WorkerView, ageMs: number): Sentence {
  const { index, failures, nodeId, forMs, lastFailure } = it;
  const ago = duration((forMs ?? 0) + ageMs);
  return [
    ...say`Worker ${index} has failed ${plural(failures, "time")}, the last time at ${nodeId ?? "–"} ${ago} ago: `,
    shortened(lastFailure?.words ?? "its node does not say why"),
    ". After a pause it starts again, elsewhere if it can.",
  ];
}

function late(it: WorkerView, isSurplus: boolean, ageMs: number): Sentence {
  const { index, nodeId, fence, forMs } = it;
  const why = isSurplus ? ", since it is not needed any more," : "";
  return [
    ...say`Worker ${index} was told to stop ${duration((forMs ?? 0) + ageMs)} ago`,
    why,
    ...say` and has not ended: ${nodeId ?? "–"} still has it under fence ${fence}.`,
  ];
}

const twiceLook: Look = { word: "in two places", glyph: "dual", tone: "warning" };

const twice = (it: WorkerView, other: WorkerView["alsoAt"][number]): Sentence =>
  say`Worker ${it.index} has its home at ${it.nodeId ?? "nobody"} under fence ${it.fence}, and ${other.nodeId} has not ended the run under fence ${other.fence}.`;

function unheard(them: Workers): Sentence {
  const [{ index, nodeId, fence }] = them;
  const home = nodeId ?? "–";
  return them.length > 1
    ? say`Workers ${listed(them.map(indexOf))} are unknown: ${home}, their home, did not answer.`
    : say`Worker ${index} is unknown: ${home}, its home under fence ${fence}, did not answer.`;
}

const indexOf = ({ index }: WorkerView): number => index;

/** Somebody may have thrown a page. */
const shortened = (words: string): string =>
  words.length <= wordsShown ? words : `${words.slice(0, wordsShown)}…`;

const wordsShown = 200;

const namesShown = 8;

/** `0`, `0 and 3`, `node-1, node-2 and node-3`; of many the first and how many more. */
export function listed(names: readonly (string | number)[]): string {
  const shown =
    names.length > namesShown
      ? [...names.slice(0, namesShown), `${names.length - namesShown} more`]
      : names;
  const last = shown.at(-1) ?? "";
  return shown.length < 2 ? String(last) : `${shown.slice(0, -1).join(", ")} and ${last}`;
}

/** So many rows are read; of more, those that run are the first to be left out. */
const rowsShown = 100;

export function rowsOf(items: readonly WorkerView[]): readonly WorkerView[] {
  if (items.length <= rowsShown) return items;
  const ill = items.filter((it) => it.state !== "running");
  const well = items.filter((it) => it.state === "running");
  const shown = new Set([...ill, ...well].slice(0, rowsShown));
  return items.filter((it) => shown.has(it));
}
