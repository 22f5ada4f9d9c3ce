import type { NodeObservation } from "../wire/relay-frames.ts";
import type { Keyframe, Pos, TapeEntry, TapeEvent, TapeMark, TapeStats } from "../wire/tape.ts";
import { keyframeOf } from "./keyframe.ts";
import { marksBetween, type Watched, watch, watchedNothing, worstOf } from "./marks.ts";
import { Replay } from "./replay.ts";
import { Thinner } from "./thin.ts";

/** A seek replays at most about so much. */
const keyframeEvery = 1024;

/** Looking costs what differs, and an outage may have ten thousand differences. @unit milliseconds */
const lookEveryMs = 100;

/** What leaves the head at once: it is written and read as a whole. */
export interface Segment {
  readonly entries: readonly TapeEntry[];
  readonly stats: TapeStats;
  readonly marks: readonly TapeMark[];
  /** After the last entry, where the next reel begins. */
  readonly keyframe: Keyframe | null;
}

/**
 * The recording end of the tape: numbers what is heard, replays it at once, and cuts it into segments. No I/O and no
 * clock: its driver says when.
 */
export class TapeHead {
  readonly #replay = new Replay();
  readonly #thinner = new Thinner();
  #pos: Pos;
  #atMs: number;
  #entries: TapeEntry[] = [];
  #marks: TapeMark[] = [];
  #cost = 0;
  #lookedAtMs = 0;
  #watched: Watched = watchedNothing;
  #worst: Omit<TapeStats, "events"> = watchedNothing.stats;

  /** Begins at `pos` with the whole observation; `gapMs`: since when nothing was recorded. */
  constructor(keyframe: Keyframe, gapMs: number | null) {
    this.#pos = keyframe.pos;
    this.#atMs = keyframe.atMs;
    this.#replay.restore(keyframe);
    this.#watched = watch(this.#replay.mirror, keyframe.atMs);
    this.#note({ tag: "gap", sinceMs: gapMs });
    if (gapMs !== null) this.#mark("gap", "", "Nothing was recorded before this.");
  }

  get pos(): Pos {
    return this.#pos;
  }

  /** What was recorded so far, as everybody will see it. */
  get replay(): Replay {
    return this.#replay;
  }

  note(events: readonly TapeEvent[], nowMs: number): void {
    this.#passTime(nowMs);
    const first = this.#entries.length;
    for (const event of events) this.#note(event);
    this.#replay.feed(this.#entries.slice(first));
    if (this.#atMs - this.#lookedAtMs >= lookEveryMs) this.#look();
  }

  hear(observation: NodeObservation, nowMs: number): void {
    const event = this.#thinner.note(observation, nowMs);
    if (event !== null) this.note([event], nowMs);
  }

  /** Everything since the last cut, with what was only heard; null when that is nothing. */
  cut(nowMs: number): Segment | null {
    const heard = this.#thinner.takeHeard(nowMs);
    if (heard !== null) this.note([heard], nowMs);
    if (this.#entries.length === 0) return null;
    const keyframe = this.#cost < keyframeEvery ? null : this.keyframe(nowMs);
    this.#look();
    const entries = this.#entries;
    const events = entries.filter((it) => it.tag === "log" || it.tag === "authority").length;
    const stats = { events, ...worstOf(this.#worst, this.#watched.stats) };
    const marks = this.#marks;
    this.#entries = [];
    this.#marks = [];
    this.#worst = this.#watched.stats;
    return { entries, stats, marks, keyframe };
  }

  /** The whole observation, here and now. */
  keyframe(nowMs: number): Keyframe | null {
    this.note([{ tag: "tick" }], nowMs);
    this.#cost = 0;
    return keyframeOf(this.#replay.mirror, this.#pos, this.#atMs);
  }

  #passTime(nowMs: number): void {
    // A wall clock may be set back; the tape's time is not.
    this.#atMs = Math.max(this.#atMs, nowMs);
  }

  #note(event: TapeEvent): void {
    this.#pos++;
    this.#cost += event.tag === "heard" ? 1 + event.nodes.length / 8 : 1;
    this.#entries.push({ ...event, pos: this.#pos, atMs: this.#atMs });
  }

  #look(): void {
    const before = this.#watched;
    this.#lookedAtMs = this.#atMs;
    this.#watched = watch(this.#replay.mirror, this.#atMs);
    this.#worst = worstOf(this.#worst, this.#watched.stats);
    for (const { kind, subject, words } of marksBetween(before, this.#watched)) {
      this.#mark(kind, subject, words);
    }
  }

  #mark(kind: TapeMark["kind"], subject: string, words: string): void {
    this.#marks.push({ pos: this.#pos, atMs: this.#atMs, kind, subject, words });
  }
}
