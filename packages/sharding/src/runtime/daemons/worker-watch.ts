import type { Clock } from "../../ports/clock.ts";

/** Looks at a node's workers four times within the time after which the most impatient daemon calls one stuck. */
export class WorkerWatch {
  readonly #clock: Clock;
  readonly #everyMs: number;
  readonly #look: (everyMs: number) => void;
  #cancel: (() => void) | null = null;

  /** @param limits one for each daemon. @unit milliseconds */
  constructor(clock: Clock, limits: readonly number[], look: (everyMs: number) => void) {
    this.#clock = clock;
    this.#everyMs = Math.min(...limits) / 4;
    this.#look = look;
  }

  /** There is something to look at. */
  begin(): void {
    this.#cancel ??= this.#clock.after(this.#everyMs, () => {
      this.#cancel = null;
      this.begin();
      this.#look(this.#everyMs);
    });
  }

  /** There is nothing. */
  rest(): void {
    this.#cancel?.();
    this.#cancel = null;
  }
}
