import type { EndFault } from "./engine.ts";

/** Each a sum over the faults that are on. */
const places = ["cutIn", "cutOut", "delayMs", "crashAtStart", "clockMs"] as const;
export type FaultPlace = (typeof places)[number];

/** Counts the changes, for those who wait for one. */
const newsWord = places.length;

/**
 * What is broken at this moment, for all threads of the node: the main thread sets and ends faults, and lanes act by
 * what they read here. So a fault that ends, by its time or healed, ends everywhere, and a lane that starts later has
 * those that are on.
 */
export class SharedFaults {
  readonly memory: SharedArrayBuffer;
  readonly #words: Int32Array;

  constructor(memory: SharedArrayBuffer = new SharedArrayBuffer(4 * (places.length + 1))) {
    this.memory = memory;
    this.#words = new Int32Array(memory);
  }

  /** @returns takes it back; a second call does nothing. */
  add(amounts: Partial<Record<FaultPlace, number>>): EndFault {
    this.#change(amounts, 1);
    let isOn = true;
    return () => {
      if (isOn) this.#change(amounts, -1);
      isOn = false;
    };
  }

  read(place: FaultPlace): number {
    return Atomics.load(this.#words, places.indexOf(place));
  }

  /** Calls `changed` now and after each change by another thread, which need not be a call for each. */
  async follow(changed: () => void): Promise<never> {
    for (;;) {
      const seen = Atomics.load(this.#words, newsWord);
      changed();
      const waiting = Atomics.waitAsync(this.#words, newsWord, seen);
      if (waiting.async) await waiting.value;
    }
  }

  #change(amounts: Partial<Record<FaultPlace, number>>, sign: 1 | -1): void {
    for (const place of places) {
      Atomics.add(this.#words, places.indexOf(place), sign * (amounts[place] ?? 0));
    }
    Atomics.add(this.#words, newsWord, 1);
    Atomics.notify(this.#words, newsWord);
  }
}
