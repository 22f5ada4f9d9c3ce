import type { MemoryLink } from "../../adapters/memory/memory-link.ts";
import type { Random } from "./random.ts";
import type { SimProcess } from "./sim-process.ts";
import type { Timeline } from "./timeline.ts";

type Direction = "out" | "in";

/** The connections between one process and the database: in order per direction, slow, cut, or gone. */
export class SimWire implements MemoryLink {
  /** How often an answer is lost though its statement took effect. */
  lossOfAnswers = 0;
  readonly #timeline: Timeline;
  readonly #random: Random;
  readonly #process: SimProcess;
  readonly #cut = { out: 0, in: 0 };
  readonly #held: Record<Direction, (() => void)[]> = { out: [], in: [] };
  readonly #arrivesMs = { out: 0, in: 0 };
  readonly #delayMs = { out: 0, in: 0 };

  constructor(timeline: Timeline, random: Random, process: SimProcess) {
    this.#timeline = timeline;
    this.#random = random;
    this.#process = process;
  }

  /** @param delayMs added to every way in this direction. @returns heals it. */
  slow(direction: Direction, delayMs: number): () => void {
    this.#delayMs[direction] += delayMs;
    return () => {
      this.#delayMs[direction] -= delayMs;
    };
  }

  /** Bytes of this direction stop, nobody is told. @returns heals it. */
  cut(direction: Direction): () => void {
    this.#cut[direction] += 1;
    let isHealed = false;
    return () => {
      if (isHealed) return;
      isHealed = true;
      this.#cut[direction] -= 1;
      if (this.#cut[direction] > 0) return;
      for (const deliver of this.#held[direction].splice(0)) this.#travel(direction, deliver);
    };
  }

  pass(direction: Direction, deliver: () => void): void {
    // What a process writes while it is paused or after its end never leaves it.
    if (direction === "out" && !this.#process.isRunning) return;
    if (direction === "in" && this.#random.chance(this.lossOfAnswers)) return;
    if (this.#cut[direction] > 0) this.#held[direction].push(deliver);
    else this.#travel(direction, deliver);
  }

  #travel(direction: Direction, deliver: () => void): void {
    const { nowMs } = this.#timeline;
    const tookMs =
      this.#delayMs[direction] * this.#random.between(0.5, 1) + this.#random.between(0.1, 0.6);
    const arrivesMs = Math.max(this.#arrivesMs[direction], nowMs + tookMs);
    this.#arrivesMs[direction] = arrivesMs;
    this.#timeline.after(arrivesMs - nowMs, () => {
      if (direction === "in") this.#process.deliver(deliver);
      else deliver();
    });
  }
}
