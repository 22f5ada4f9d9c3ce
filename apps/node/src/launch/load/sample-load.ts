import { type Client, ShardingError } from "@leasehold/sharding/client";
import { loadLimit } from "../flags.ts";
import { type LoadReport, LoadStats } from "./load-stats.ts";

/** A cluster that stands still must not collect commands without bound. */
const inFlightLimit = 512;
const entities = 4_000;
const tickMs = 10;

/**
 * Commands at a steady rate, whatever the answers take (an open loop: a slow cluster shows as latency and
 * not as a lower rate). Most go to few entities, as in real use.
 */
export class SampleLoad {
  readonly #client: Pick<Client, "ask">;
  /** Aborted at the end: nothing is left under way then. */
  readonly #end = new AbortController();
  readonly #stats = new LoadStats();
  #targetPerSecond: number;
  #inFlight = 0;
  /** Commands owed, a fraction of one included. */
  #due = 0;
  #lastTickMs = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(client: Pick<Client, "ask">, targetPerSecond: number) {
    this.#client = client;
    this.#targetPerSecond = targetPerSecond;
  }

  start(): void {
    this.#lastTickMs = performance.now();
    this.#timer = setInterval(() => this.#tick(), tickMs);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#end.abort();
  }

  report(): LoadReport {
    return this.#stats.report(performance.now(), {
      targetPerSecond: this.#targetPerSecond,
      inFlight: this.#inFlight,
    });
  }

  /** @throws {RangeError} outside 0..{@link loadLimit}. */
  steer(targetPerSecond: number): void {
    if (!Number.isInteger(targetPerSecond) || targetPerSecond < 0 || targetPerSecond > loadLimit) {
      throw new RangeError(`targetPerSecond must be a whole number from 0 to ${loadLimit}.`);
    }
    this.#targetPerSecond = targetPerSecond;
    this.#due = 0;
  }

  #tick(): void {
    const nowMs = performance.now();
    const elapsedMs = nowMs - this.#lastTickMs;
    this.#lastTickMs = nowMs;
    // After a suspend nobody wants the commands of the time slept.
    this.#due += (this.#targetPerSecond * Math.min(elapsedMs, 1_000)) / 1_000;
    for (; this.#due >= 1; this.#due--) this.#send();
  }

  #send(): void {
    if (this.#inFlight >= inFlightLimit) {
      this.#stats.skipped++;
      return;
    }
    this.#inFlight++;
    const sentMs = performance.now();
    const command = { type: "counter", command: "add", input: { by: 1 } };
    const id = `cart-${skewedIndex()}`;
    this.#client.ask({ ...command, id, signal: this.#end.signal }).then(
      () => {
        this.#inFlight--;
        const nowMs = performance.now();
        this.#stats.succeeded(nowMs, nowMs - sentMs);
      },
      (error: unknown) => {
        this.#inFlight--;
        this.#stats.failed(error instanceof ShardingError ? error.code : String(error));
      },
    );
  }
}

/** Half of the commands go to an eighth of the entities. */
const skewedIndex = (): number => Math.floor(Math.random() ** 3 * entities);
