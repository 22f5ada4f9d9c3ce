import type { Clock } from "../../ports/clock.ts";
import type { Lane } from "./lane.ts";

/** How many looks without a pulse make a lane stuck. */
const looks = 10;

/**
 * Tells which lanes are stuck. Counted in looks of this thread, not in time: when this thread was blocked, or the
 * machine slept, all lanes may live.
 */
export class LaneWatch {
  readonly #clock: Clock;
  readonly #everyMs: number;
  readonly #stuck: (lane: Lane) => void;
  #cancel: (() => void) | null = null;

  /** @param stuckMs without a pulse. @unit milliseconds */
  constructor(clock: Clock, stuckMs: number, stuck: (lane: Lane) => void) {
    this.#clock = clock;
    this.#everyMs = stuckMs / looks;
    this.#stuck = stuck;
  }

  begin(lanes: readonly Lane[]): void {
    const seen = lanes.map((lane) => ({ lane, pulse: lane.gauges.pulse, since: 0 }));
    const look = (): void => {
      for (const entry of seen) {
        const { pulse } = entry.lane.gauges;
        entry.since = pulse === entry.pulse ? entry.since + 1 : 0;
        entry.pulse = pulse;
        if (entry.since === looks && !entry.lane.isGone) this.#stuck(entry.lane);
      }
      this.#cancel = this.#clock.after(this.#everyMs, look);
    };
    this.#cancel = this.#clock.after(this.#everyMs, look);
  }

  end(): void {
    this.#cancel?.();
    this.#cancel = null;
  }
}
