import type { LogFn, ShardingNode } from "@leasehold/sharding";
import {
  type Belief,
  type ObservationFrames,
  type ShardBelief,
  type ShardHeat,
  type ShardRef,
  shardKey,
  toClusterJson,
} from "@leasehold/sharding/observe";
import { readLogSoon } from "../log-reader.ts";
import type { Feed, Follower } from "./feed.ts";

/** Entries in one log frame. */
const logFrameEntries = 500;

/** Where frames go. `isIdle` is false from a send until its bytes have left this process. */
export interface FrameSink {
  readonly isIdle: boolean;
  send<Name extends keyof ObservationFrames>(name: Name, frame: ObservationFrames[Name]): void;
}

/** What a client says it has already. */
export interface Position {
  readonly history: string;
  readonly seq: number;
}

/**
 * One observation client.
 *
 * It is sent a frame only when the one before has left, and nothing is queued for it: what it has not
 * seen of the log is read again from its position, and shards that changed meanwhile are one entry
 * each. So a slow client costs what a snapshot costs, however slow it is; one that takes nothing at
 * all ends by the ping timeout.
 */
export class Observer implements Follower {
  readonly #node: ShardingNode;
  readonly #feed: Feed;
  readonly #sink: FrameSink;
  readonly #log: LogFn;
  /** Shards to tell about since the last belief: at most one entry each, however long that was. */
  readonly #changed = new Map<string, ShardBelief>();
  readonly #gone = new Map<string, ShardRef>();
  /** `no-log`: it follows the beliefs only. */
  #position: Position | "no-log" | null;
  #due: Belief | null = null;
  #hot: readonly ShardHeat[] | null = null;
  #isReading = false;
  #isClosed = false;

  constructor(
    node: ShardingNode,
    feed: Feed,
    sink: FrameSink,
    position: Position | "no-log" | null,
    log: LogFn,
  ) {
    this.#node = node;
    this.#feed = feed;
    this.#sink = sink;
    this.#position = position;
    this.#log = log;
  }

  /** Says hello, and where the log is wanted and cannot be continued begins with a snapshot. */
  start(hello: ObservationFrames["hello"]): void {
    this.#sink.send("hello", hello);
    if (this.#position !== "no-log" && !this.#canContinue(this.#position)) this.#sendSnapshot();
    this.#sink.send("belief", {
      belief: this.#feed.belief(),
      shards: this.#node.shardBeliefs(),
    });
  }

  close(): void {
    this.#isClosed = true;
    this.#changed.clear();
    this.#gone.clear();
  }

  onShards(changed: readonly ShardBelief[], gone: readonly ShardRef[]): void {
    for (const shard of changed) {
      this.#changed.set(shardKey(shard), shard);
      this.#gone.delete(shardKey(shard));
    }
    for (const { group, shard } of gone) {
      const key = shardKey({ group, shard });
      this.#gone.set(key, { group, shard });
      this.#changed.delete(key);
    }
  }

  onLog(): void {
    this.onReady();
  }

  onBelief(belief: Belief, hot: readonly ShardHeat[] | null): void {
    this.#due = belief;
    this.#hot = hot ?? this.#hot;
    this.onReady();
  }

  /** Sends what is due, unless something is still on its way. Called again when that has left. */
  onReady(): void {
    if (this.#isClosed || !this.#sink.isIdle) return;
    if (this.#due !== null) this.#sendBelief(this.#due);
    this.#catchUp().catch((error: unknown) => {
      // The next change or heartbeat tries again.
      this.#log("warn", "an observer could not be sent the log", { error: String(error) });
    });
  }

  #sendBelief(belief: Belief): void {
    this.#sink.send("belief-delta", {
      belief,
      changed: [...this.#changed.values()],
      gone: [...this.#gone.values()],
      ...(this.#hot === null ? {} : { hot: this.#hot }),
      authorityAgeMs: this.#ageMs(),
    });
    this.#changed.clear();
    this.#gone.clear();
    this.#hot = null;
    this.#due = null;
  }

  /** At most one frame: the next one is asked for when this one has left. */
  async #catchUp(): Promise<void> {
    const position = this.#position;
    if (this.#isReading || position === "no-log" || this.#isUpToDate(position)) return;
    if (position === null || !this.#canContinue(position)) {
      this.#sendSnapshot();
      return;
    }
    this.#isReading = true;
    try {
      const page = await readLogSoon(this.#node, position.seq, logFrameEntries);
      if (this.#isClosed) return;
      const last = page?.entries.at(-1);
      const isNext = page?.entries[0]?.seq === position.seq + 1;
      if (page === null || last === undefined || !isNext || page.history !== position.history) {
        this.#sendSnapshot();
        return;
      }
      this.#position = { history: page.history, seq: last.seq };
      const { history, entries } = page;
      this.#sink.send("log", { history, entries, authorityAgeMs: this.#ageMs() });
    } finally {
      this.#isReading = false;
    }
  }

  #ageMs(): number {
    return Math.round(this.#node.authority().ageMs);
  }

  /** A client that is ahead of this node's copy waits for it: a snapshot would take it back. */
  #isUpToDate(position: Position | null): boolean {
    const { history, seq } = this.#node.authority().state;
    return position !== null && position.history === history && position.seq >= seq;
  }

  #canContinue(position: Position | null): boolean {
    return position?.history === this.#node.authority().state.history;
  }

  #sendSnapshot(): void {
    const { state, ageMs } = this.#node.authority();
    this.#position = { history: state.history, seq: state.seq };
    this.#sink.send("snapshot", {
      cluster: toClusterJson(state),
      authorityAgeMs: Math.round(ageMs),
    });
  }
}
