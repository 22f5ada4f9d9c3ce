import { toClusterJson } from "@leasehold/sharding/observe";
import { ClusterMirror } from "../live/mirror.ts";
import type { AuthorityChange } from "../relay/authority.ts";
import type { Hub } from "../relay/hub.ts";
import type { Log } from "../relay/log.ts";
import type { Pos, TapeEvent, TapeState } from "../wire/tape.ts";
import { keyframeOf } from "./keyframe.ts";
import { MemoryTape } from "./memory-tape.ts";
import { type PackedKeyframe, type PackedSegment, packKeyframe, packSegment } from "./pack.ts";
import type { RecorderLock } from "./recorder-lock.ts";
import { TapeHead } from "./tape-head.ts";
import type { TapeEnds, TapeTable } from "./tape-table.ts";

const cutEveryMs = 1000;
/** Reels that stay in memory although they are saved. */
const keptReels = 2;
/** What is not saved may take so much; then the oldest goes. @unit bytes */
const memoryBytes = 64 << 20;
/** How long Postgres may take at the start before the recording begins without it. @unit milliseconds */
const patienceMs = 3000;
const trimEveryMs = 60_000;

export interface RecorderOptions {
  readonly hub: Hub;
  /** Null: there is no database; the tape ends with this process. */
  readonly store: {
    readonly table: Pick<TapeTable, "begin" | "append" | "ends" | "trim">;
    readonly lock: Pick<RecorderLock, "isHeld" | "yield">;
  } | null;
  readonly log: Log;
  /** What is older goes. @unit milliseconds */
  readonly keepMs: number;
  /** And what is above it, oldest first. @unit bytes */
  readonly keepBytes: number;
  /** Wall clock: the tape is for people. @default Date.now */
  readonly nowMs?: () => number;
}

type Store = NonNullable<RecorderOptions["store"]>;

interface Unsaved {
  readonly begin: PackedKeyframe | null;
  readonly segment: PackedSegment;
  readonly keyframe: PackedKeyframe | null;
}

/**
 * Drives the tape: hears the hub, cuts once a second, and saves what was cut while this console is the one that
 * records. While Postgres is away it records on in memory, and saves that afterwards: the minutes without Postgres are
 * those that somebody will want to see.
 */
export class Recorder {
  readonly memory = new MemoryTape();
  readonly #options: RecorderOptions;
  readonly #nowMs: () => number;
  #head: TapeHead | null = null;
  #begin: PackedKeyframe | null = null;
  #unsaved: Unsaved[] = [];
  #ends: TapeEnds | null = null;
  #saveError: string | null = null;
  #timer: ReturnType<typeof setTimeout> | null = null;
  /** Never two at once: both would write the same segment, and each take the other for another console. */
  #turning: Promise<void> = Promise.resolve();
  readonly #unlisten: (() => void)[] = [];
  readonly #startedMs: number;
  #trimmedMs = 0;
  #isStopped = false;

  constructor(options: RecorderOptions) {
    this.#options = options;
    this.#nowMs = options.nowMs ?? Date.now;
    this.#startedMs = this.#nowMs();
  }

  start(): void {
    const { hub } = this.#options;
    this.#unlisten.push(
      hub.listen((change) => this.#heardAuthority(change)),
      hub.listenBeliefs((it) => this.#head?.hear(it, this.#nowMs())),
    );
    this.#schedule();
  }

  /** What was heard and not saved yet is saved once more, if it can be. Never throws. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const stop of this.#unlisten.splice(0)) stop();
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#turning;
    await this.#tryTurn();
  }

  /** Where the tape is now; null while nothing was recorded. */
  position(): Pos | null {
    return this.#head?.pos ?? this.#ends?.last.pos ?? null;
  }

  state(): TapeState {
    const first = this.memory.first;
    const own = first === null ? null : { pos: first.pos, atMs: first.atMs };
    const head = this.#head;
    const last =
      head === null ? (this.#ends?.last ?? null) : { pos: head.pos, atMs: head.replay.atMs };
    const { store } = this.#options;
    if (store === null) {
      return { state: "memory", why: "This console has no database.", first: own, last };
    }
    const ends = { first: this.#ends?.first ?? own, last };
    if (this.#saveError !== null) return { state: "memory", why: this.#saveError, ...ends };
    if (store.lock.isHeld) return { state: "recording", why: null, ...ends };
    if (head === null) return { state: "following", why: null, ...ends };
    return { state: "memory", why: "Postgres is not reached yet.", ...ends };
  }

  #schedule(): void {
    this.#timer = setTimeout(() => {
      this.#turning = this.#tryTurn().finally(() => {
        if (!this.#isStopped) this.#schedule();
      });
    }, cutEveryMs);
  }

  async #tryTurn(): Promise<void> {
    try {
      await this.#turn();
    } catch (error) {
      this.#saveError = error instanceof Error ? error.message : String(error);
      this.#options.log("warn", "tape not saved", { error: this.#saveError });
    }
  }

  async #turn(): Promise<void> {
    if (this.#head === null && this.#mayRecord()) await this.#beginHead();
    await this.#cut();
    const { store } = this.#options;
    if (store === null) {
      this.memory.trim(0, keptReels, memoryBytes);
      return;
    }
    if (store.lock.isHeld) await this.#save(store);
    const before = this.#ends;
    this.#ends = await store.table.ends();
    this.#saveError = null;
    // The tape goes on, and not by this console: what it has on its own is not the tape.
    const isMoving = before !== null && (this.#ends?.last.pos ?? 0) > before.last.pos;
    if (!store.lock.isHeld && isMoving) this.#forget();
    this.memory.trim(this.#savedPos(), keptReels, memoryBytes);
    await this.#trimTable(store.table);
  }

  #mayRecord(): boolean {
    if (this.#options.hub.authority.state === null) return false;
    const { store } = this.#options;
    if (store === null || store.lock.isHeld) return true;
    // Where another console records, its tape was seen by now.
    return this.#ends === null && this.#nowMs() - this.#startedMs > patienceMs;
  }

  async #beginHead(): Promise<void> {
    const { hub, store } = this.#options;
    const ends = store?.lock.isHeld === true ? await store.table.ends() : null;
    // Looked at only now: what was heard during that question would be missing between the keyframe and the head.
    const cluster = hub.authority.state;
    if (cluster === null) return;
    const atMs = this.#nowMs();
    const mirror = new ClusterMirror();
    const recent = hub.authority.tail.entries;
    mirror.applySnapshot({ cluster: toClusterJson(cluster), recent }, atMs);
    mirror.applyBeliefs(hub.sightings.all(hub.nowMs()), atMs);
    const keyframe = keyframeOf(mirror, Math.max(atMs, (ends?.last.pos ?? 0) + 1), atMs);
    if (keyframe === null) return;
    const packing = packKeyframe(keyframe);
    // What is heard from here on belongs to the head, also while the keyframe is packed.
    this.#head = new TapeHead(keyframe, ends?.last.atMs ?? null);
    this.#begin = await packing;
    this.memory.begin(this.#begin);
  }

  #heardAuthority(change: AuthorityChange): void {
    const events: TapeEvent[] =
      change.tag === "extended"
        ? change.entries.map((entry) => ({ tag: "log", entry }))
        : [{ tag: "authority", cluster: toClusterJson(change.state) }];
    this.#head?.note(events, this.#nowMs());
  }

  async #cut(): Promise<void> {
    const segment = this.#head?.cut(this.#nowMs()) ?? null;
    if (segment === null) return;
    const packed = await packSegment(segment);
    const keyframe = segment.keyframe === null ? null : await packKeyframe(segment.keyframe);
    this.memory.append(packed, keyframe);
    if (this.#options.store === null) return;
    this.#unsaved.push({ begin: this.#begin, segment: packed, keyframe });
    this.#begin = null;
  }

  async #save({ table, lock }: Store): Promise<void> {
    for (let next = this.#unsaved[0]; next !== undefined; next = this.#unsaved[0]) {
      if (next.begin !== null) await table.begin(next.begin);
      if (!(await table.append(next.segment, next.keyframe))) {
        this.#options.log("warn", "another console has recorded since", {});
        lock.yield();
        this.#forget();
        return;
      }
      this.#unsaved.shift();
    }
  }

  #forget(): void {
    this.#head = null;
    this.#begin = null;
    this.#unsaved = [];
    this.memory.clear();
  }

  /** Everything before it is saved. */
  #savedPos(): Pos {
    return this.#unsaved[0]?.segment.firstPos ?? Number.POSITIVE_INFINITY;
  }

  async #trimTable(table: Store["table"]): Promise<void> {
    const nowMs = this.#nowMs();
    if (!(this.#options.store?.lock.isHeld ?? false) || nowMs - this.#trimmedMs < trimEveryMs)
      return;
    this.#trimmedMs = nowMs;
    await table.trim(nowMs - this.#options.keepMs, this.#options.keepBytes);
  }
}
