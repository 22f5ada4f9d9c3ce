import { createStore } from "zustand/vanilla";
import type { LiveCluster } from "../live/live-cluster.ts";
import type { Problem } from "../wire/commands.ts";
import type { MarkKind, Pos, Reel, TapeMark } from "../wire/tape.ts";
import { Playhead } from "./playhead.ts";
import { eventBeside, posAt, type Reels } from "./reels.ts";
import { readMarks, readTapeState } from "./tape-client.ts";
import type { At } from "./tape-source.ts";

/** Playing moves on so often. @unit milliseconds */
const frameMs = 50;
/** A recording that has a hole of more than this is played on behind the hole. @unit milliseconds */
const holeMs = 5000;

/** The clocks of the database and of the recorder differ by less than these hold. */
const searchedReels = 4;

export const rates = [0.1, 0.5, 1, 5, 20, 100] as const;
export type Rate = (typeof rates)[number];

export interface TimeState {
  /** Null: the pages show the present. */
  readonly cursor: { readonly pos: Pos; readonly atMs: number } | null;
  readonly isSeeking: boolean;
  readonly isPlaying: boolean;
  readonly rate: Rate;
  /** Why the last wish could not be met. */
  readonly problem: Problem | null;
  /** Kept by the operator, to be compared with another moment. */
  readonly pinned: { readonly pos: Pos; readonly atMs: number } | null;
}

/**
 * Takes the pages to a moment of the past and back. Every page is a function of a mirror; this one feeds a mirror from
 * the tape and shows it in place of the present one, which goes on unseen.
 *
 * Longer than other files: to go, step, jump and play are wishes that overtake each other, by one count of them.
 */
export class TimeMachine {
  readonly store = createStore<TimeState>(() => ({
    cursor: null,
    isSeeking: false,
    isPlaying: false,
    rate: 1,
    problem: null,
    pinned: null,
  }));
  readonly #live: Pick<LiveCluster, "showPast" | "showPresent">;
  readonly #reels: Reels;
  #shown = new Playhead();
  /** Prepared while a hand rests on a moment. */
  #spare = new Playhead();
  #visit = 0;
  /** Of several wishes the last one counts. */
  #wish = 0;
  #timer: ReturnType<typeof setInterval> | null = null;
  #playedAtMs = 0;
  /** How far playing has come, by the tape's time; 0: it begins at the cursor. */
  #playedMs = 0;
  #isStepping = false;
  #stepping: Promise<void> = Promise.resolve();

  constructor(live: Pick<LiveCluster, "showPast" | "showPresent">, reels: Reels) {
    this.#live = live;
    this.#reels = reels;
  }

  /** @returns whether the pages show it now. */
  async goTo(pos: Pos): Promise<boolean> {
    this.#playedMs = 0;
    return await this.#seek({ pos }, () => pos);
  }

  async goToTime(atMs: number): Promise<boolean> {
    this.#playedMs = 0;
    return await this.#seek({ atMs }, (reel) => posAt(reel, atMs));
  }

  /** A hand rests on that moment: it is read and replayed beside what is shown, so that a press shows it at once. */
  expect(at: At): void {
    this.#prepare(at).catch((error: unknown) => this.fail(error));
  }

  async #prepare(at: At): Promise<void> {
    // Whoever has pressed is about to be given it: to read it twice would make both wait.
    if (this.store.getState().isSeeking) return;
    const wish = this.#wish;
    const reel = await this.#reels.readAhead(at);
    // Whoever has pressed meanwhile is shown it already.
    if (reel === null || wish !== this.#wish) return;
    const pos = "pos" in at ? at.pos : posAt(reel, at.atMs);
    if (!this.#shown.leadsTo(reel, pos)) this.#spare.goTo(reel, pos);
  }

  /**
   * To the instant at which an entry of the cluster log was heard.
   *
   * @param atMs when it was committed, by the database's clock: near it the recording is searched.
   */
  async goToSeq(seq: number, atMs: number): Promise<boolean> {
    this.#playedMs = 0;
    let reel = await this.#reelNear(atMs);
    for (let turn = 0; reel !== null && turn < searchedReels; turn++) {
      const { keyframe, entries, nextPos } = reel;
      if (keyframe.cluster.seq >= seq) {
        reel = await this.#reelAt(keyframe.pos - 1);
        continue;
      }
      const found = entries.find((it) => it.tag === "log" && it.entry.seq === seq);
      if (found !== undefined) return await this.goTo(found.pos);
      reel = nextPos === null ? null : await this.#reelAt(nextPos);
    }
    const detail = `Entry ${seq} of the cluster log was not heard by a recording console, or no longer is kept.`;
    const title = "That moment is not recorded.";
    this.store.setState({ problem: { title, status: 404, code: "MOMENT_UNKNOWN", detail } });
    return false;
  }

  async #reelNear(atMs: number): Promise<Reel | null> {
    const outcome = await this.#reels.at({ atMs });
    return outcome.ok ? outcome.body : null;
  }

  /** One event on or back. From the present, back is to the last event that was recorded. */
  step(direction: 1 | -1): Promise<void> {
    this.pause();
    // Two quick presses are two steps: the second one begins where the first has led.
    const step = this.#stepping.then(() => this.#step(direction));
    // One that failed tells its own caller, and does not keep the next one from being tried.
    this.#stepping = step.catch(() => undefined);
    return step;
  }

  async #step(direction: 1 | -1): Promise<void> {
    const { cursor } = this.store.getState();
    if (cursor === null) {
      if (direction === -1) await this.goToTime(Date.now());
      return;
    }
    let from = cursor.pos;
    for (let reel = await this.#reelAt(from); reel !== null; reel = await this.#reelAt(from)) {
      const found = eventBeside(reel, cursor.pos, direction);
      if (found !== null) {
        await this.goTo(found.pos);
        return;
      }
      const beside = direction === 1 ? reel.nextPos : reel.keyframe.pos - 1;
      if (beside === null || beside === from) return;
      from = beside;
    }
  }

  /** To the nearest moment worth it on that side. @returns it, or null when there is none. */
  async jump(
    direction: "next" | "previous",
    kinds: readonly MarkKind[] = ["fault", "divergence", "violation", "death", "gap"],
  ): Promise<TapeMark | null> {
    this.pause();
    const { cursor } = this.store.getState();
    if (cursor === null && direction === "next") return null;
    const outcome = await readMarks(cursor?.pos ?? Number.MAX_SAFE_INTEGER, direction);
    if (!outcome.ok) {
      this.store.setState({ problem: outcome.problem });
      return null;
    }
    const mark = outcome.body.find((it) => kinds.includes(it.kind));
    if (mark === undefined) return null;
    await this.goTo(mark.pos);
    return mark;
  }

  toPresent(): void {
    this.pause();
    this.#wish++;
    this.store.setState({ cursor: null, isSeeking: false, problem: null });
    this.#live.showPresent();
  }

  play(rate: Rate = this.store.getState().rate): void {
    if (this.store.getState().cursor === null) return;
    this.#playedAtMs = performance.now();
    this.#timer ??= setInterval(() => this.#playOn(), frameMs);
    this.store.setState({ isPlaying: true, rate });
  }

  pause(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    this.store.setState({ isPlaying: false });
  }

  setRate(rate: Rate): void {
    this.store.setState({ rate });
  }

  pin(): void {
    this.store.setState({ pinned: this.store.getState().cursor });
  }

  unpin(): void {
    this.store.setState({ pinned: null });
  }

  async #seek(at: At, choose: (reel: Reel) => Pos): Promise<boolean> {
    const wish = ++this.#wish;
    if (this.#reels.peek(at) === null) this.store.setState({ isSeeking: true });
    const outcome = await this.#reels.at(at);
    if (wish !== this.#wish) return false;
    this.store.setState({ isSeeking: false });
    if (!outcome.ok) {
      this.pause();
      this.store.setState({ problem: outcome.problem });
      return false;
    }
    this.#show(outcome.body, choose(outcome.body));
    return true;
  }

  #show(reel: Reel, pos: Pos): void {
    if (this.store.getState().cursor === null) this.#visit++;
    if (!this.#shown.leadsTo(reel, pos) && this.#spare.leadsTo(reel, pos)) {
      [this.#shown, this.#spare] = [this.#spare, this.#shown];
    }
    this.#shown.goTo(reel, pos);
    const { mirror, pos: at, atMs } = this.#shown.replay;
    this.store.setState({ cursor: { pos: at, atMs }, problem: null });
    this.#live.showPast(mirror, { pos: at, atMs, visit: this.#visit });
  }

  /** Null at either end of what is kept: there is nothing to step to, and nothing wrong. */
  async #reelAt(pos: Pos): Promise<Reel | null> {
    const outcome = await this.#reels.find(pos);
    if (outcome.ok) return outcome.body;
    this.store.setState({ problem: outcome.problem });
    return null;
  }

  #playOn(): void {
    const { cursor, rate, isSeeking } = this.store.getState();
    const nowMs = performance.now();
    const passedMs = (nowMs - this.#playedAtMs) * rate;
    this.#playedAtMs = nowMs;
    if (cursor === null || isSeeking || this.#isStepping) return;
    this.#isStepping = true;
    this.#playTo(cursor, passedMs)
      .catch((error: unknown) => this.fail(error))
      .finally(() => {
        this.#isStepping = false;
      });
  }

  /** The newest position that was recorded; null when nothing was, or nobody answers. */
  async newest(): Promise<Pos | null> {
    const outcome = await readTapeState();
    return outcome.ok ? (outcome.body.last?.pos ?? null) : null;
  }

  /** An address that names no moment. */
  refuse(search: string): void {
    const title = "The address names no moment.";
    const detail = `${JSON.stringify(search)} has no position of the recording after "at=".`;
    this.store.setState({ problem: { title, status: 400, code: "BAD_MOMENT", detail } });
  }

  /** What nobody foresaw ends the playing and is shown. */
  fail(error: unknown): void {
    const detail = error instanceof Error ? error.message : String(error);
    const title = "The recording cannot be played.";
    this.pause();
    this.store.setState({ problem: { title, status: 0, code: "REPLAY_FAILED", detail } });
  }

  async #playTo(
    cursor: { readonly pos: Pos; readonly atMs: number },
    passedMs: number,
  ): Promise<void> {
    // Between two entries time passes and the cursor stands: what has passed is carried over.
    this.#playedMs = Math.max(this.#playedMs, cursor.atMs) + passedMs;
    const next = await this.#after(cursor.pos);
    if (next === null) {
      this.toPresent();
      return;
    }
    if (next.atMs - cursor.atMs > holeMs) this.#playedMs = Math.max(this.#playedMs, next.atMs);
    if (next.atMs > this.#playedMs) return;
    const untilMs = this.#playedMs;
    await this.#seek({ atMs: untilMs }, (reel) => posAt(reel, untilMs));
  }

  /** The entry after a position, in this reel or the next; null at the end of the tape. */
  async #after(pos: Pos): Promise<{ readonly pos: Pos; readonly atMs: number } | null> {
    const reel = await this.#reelAt(pos);
    if (reel === null) return null;
    const found = reel.entries.find((it) => it.pos > pos);
    if (found !== undefined) return found;
    const next = await this.#reelAt(reel.nextPos ?? pos + 1);
    return next === null || next.keyframe.pos < pos
      ? (next?.entries.find((it) => it.pos > pos) ?? null)
      : next.keyframe;
  }
}
