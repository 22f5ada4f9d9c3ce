import type { Direction, EndFault, LinkFaults } from "./engine.ts";
import { Lane } from "./lane.ts";

/** Looks at a frame when it passes. @returns what delivers it. */
export type FrameWatch = (
  direction: "in" | "out",
  frame: Uint8Array,
  deliver: () => void,
) => () => void;

interface Rule {
  readonly peer: string;
  readonly direction: Direction;
  readonly isCut: boolean;
  readonly delayMs: () => number;
}

/**
 * The gate between this node's mesh and its peers, where `cut-link` and `slow-link` act.
 *
 * A cut holds frames, in order; healed while the connection still lives, they go on as if they had been
 * on the way all the time. Both ends notice the silence meanwhile, and close the connection as they would
 * on a real black hole; what was held for it then does nothing.
 */
export class FaultyLinkGate implements LinkFaults {
  readonly #rules = new Set<Rule>();
  readonly #lanes = new Map<string, { readonly peer: string; readonly lane: Lane }>();
  readonly #listeners = new Set<() => void>();
  readonly #watch: FrameWatch;

  constructor(watch: FrameWatch = (_direction, _frame, deliver) => deliver) {
    this.#watch = watch;
  }

  /** Stops every frame of the link in this direction, and connecting in any. */
  cut(peer: string, direction: Direction): EndFault {
    return this.#set({ peer, direction, isCut: true, delayMs: () => 0 });
  }

  /** Each frame takes `delayMs` longer, and at random up to `jitterMs` more; none overtakes another. */
  slow(peer: string, direction: Direction, delayMs: number, jitterMs: number): EndFault {
    return this.#set({
      peer,
      direction,
      isCut: false,
      delayMs: () => delayMs + Math.random() * jitterMs,
    });
  }

  pass(
    peer: string,
    direction: "in" | "out",
    channel: string,
    deliver: () => void,
    frame?: Uint8Array,
  ): void {
    const watched = frame === undefined ? deliver : this.#watch(direction, frame, deliver);
    if (this.#rules.size === 0 && this.#lanes.size === 0) return watched();
    this.#lane(peer, direction, channel).pass(watched);
  }

  canConnect(peer: string): boolean {
    return ![...this.#rules].some((rule) => rule.isCut && rule.peer === peer);
  }

  onChange(fn: () => void): () => void {
    this.#listeners.add(fn);
    return () => this.#listeners.delete(fn);
  }

  #set(rule: Rule): EndFault {
    this.#rules.add(rule);
    this.#changed();
    return () => {
      if (!this.#rules.delete(rule)) return;
      for (const { peer, lane } of [...this.#lanes.values()]) {
        if (peer === rule.peer) lane.pump(!rule.isCut);
      }
      this.#forgetEmpty();
      this.#changed();
    };
  }

  #lane(peer: string, direction: "in" | "out", channel: string): Lane {
    const key = `${direction} ${channel} ${peer}`;
    const known = this.#lanes.get(key);
    if (known !== undefined) return known.lane;
    const lane = new Lane({
      isCut: () => this.#acting(peer, direction).some((rule) => rule.isCut),
      delayMs: () => this.#acting(peer, direction).reduce((sum, rule) => sum + rule.delayMs(), 0),
    });
    this.#lanes.set(key, { peer, lane });
    return lane;
  }

  #acting(peer: string, direction: "in" | "out"): readonly Rule[] {
    return [...this.#rules].filter(
      (rule) => rule.peer === peer && (rule.direction === "both" || rule.direction === direction),
    );
  }

  /** Without faults nothing is held for long, and then no lane is kept: the gate costs nothing. */
  #forgetEmpty(): void {
    if (this.#rules.size > 0) return;
    for (const [key, { lane }] of this.#lanes) if (lane.isEmpty) this.#lanes.delete(key);
  }

  #changed(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}
