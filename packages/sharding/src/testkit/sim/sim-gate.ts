import type { NodeId } from "../../core/ids.ts";
import type { LinkGate } from "../../ports/gates.ts";
import type { Timeline } from "./timeline.ts";

type Direction = "in" | "out";

interface Lane {
  cuts: number;
  delayMs: number;
  arrivesMs: number;
  held: (() => void)[];
}

/** One node's side of its links: cut and slow per peer and direction, frames always in order. */
export class SimGate implements LinkGate {
  readonly #timeline: Timeline;
  readonly #lanes = new Map<string, Lane>();
  readonly #listeners = new Set<() => void>();
  #isFrozen = false;

  constructor(timeline: Timeline) {
    this.#timeline = timeline;
  }

  /** @returns heals it. */
  cut(peer: NodeId, direction: Direction): () => void {
    const lane = this.#lane(peer, direction);
    lane.cuts += 1;
    this.#changed();
    let isHealed = false;
    return () => {
      if (isHealed) return;
      isHealed = true;
      lane.cuts -= 1;
      this.#changed();
      this.#release(lane);
    };
  }

  /** @returns heals it. */
  slow(peer: NodeId, direction: Direction, delayMs: number): () => void {
    const lane = this.#lane(peer, direction);
    lane.delayMs += delayMs;
    return () => {
      lane.delayMs -= delayMs;
    };
  }

  /** A process that does not run answers no ping: its links look silent from both sides. */
  freeze(isFrozen: boolean): void {
    this.#isFrozen = isFrozen;
    this.#changed();
    if (!isFrozen) for (const lane of this.#lanes.values()) this.#release(lane);
  }

  pass(peer: NodeId, direction: Direction, channel: string, deliver: () => void): void {
    const lane = this.#lane(peer, direction, channel);
    if (this.#isShut(peer, direction)) lane.held.push(deliver);
    else this.#travel(lane, this.#lane(peer, direction).delayMs, deliver);
  }

  canConnect(peer: NodeId): boolean {
    return !this.#isShut(peer, "in") && !this.#isShut(peer, "out");
  }

  onChange(fn: () => void): () => void {
    this.#listeners.add(fn);
    return () => this.#listeners.delete(fn);
  }

  #isShut(peer: NodeId, direction: Direction): boolean {
    return this.#isFrozen || this.#lane(peer, direction).cuts > 0;
  }

  #travel(lane: Lane, delayMs: number, deliver: () => void): void {
    const { nowMs } = this.#timeline;
    lane.arrivesMs = Math.max(lane.arrivesMs, nowMs + delayMs);
    if (lane.arrivesMs === nowMs) deliver();
    else this.#timeline.after(lane.arrivesMs - nowMs, deliver);
  }

  /** Frames are held per channel, cuts are kept per direction. */
  #release(healed: Lane): void {
    for (const [key, lane] of this.#lanes) {
      const [peer = "", direction = "in"] = key.split(" ") as [string, Direction];
      if (this.#isShut(peer, direction)) continue;
      for (const deliver of lane.held.splice(0)) this.#travel(lane, healed.delayMs, deliver);
    }
  }

  #lane(peer: NodeId, direction: Direction, channel = ""): Lane {
    const key = `${peer} ${direction} ${channel}`;
    let lane = this.#lanes.get(key);
    if (lane === undefined) {
      lane = { cuts: 0, delayMs: 0, arrivesMs: 0, held: [] };
      this.#lanes.set(key, lane);
    }
    return lane;
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }
}
