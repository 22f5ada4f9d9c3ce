import { FollowedLogs } from "./followed-logs.ts";
import { InvariantViolation } from "./invariant-violation.ts";
import { ServiceHistory } from "./service-history.ts";
import type { Call, SteadyLoad } from "./steady-load.ts";
import type { TestNode } from "./test-node.ts";

/** The logs are asked for over HTTP: not at every look. @unit milliseconds */
const logsEveryMs = 200;
/** What a busy test process may take to notice an answer. @unit milliseconds */
const graceMs = 1_000;

/**
 * What must never happen to a cluster, judged from outside: S1 and S2 by who answered which call when, S7 and
 * S3 by the log of every node, S8 by the end of every call. Looked at inside every wait.
 */
export class Invariants {
  readonly logs = new FollowedLogs();
  readonly #service = new ServiceHistory();
  readonly #judged = new Map<SteadyLoad, number>();
  #logsReadMs = Number.NEGATIVE_INFINITY;
  #reading: Promise<void> | null = null;
  #violation: unknown = null;

  /** Answers judged so far. */
  get calls(): number {
    return this.#service.calls;
  }

  /** One call that no load made. @throws {InvariantViolation} */
  addCall(call: Call): void {
    this.#service.add(call);
  }

  /** The logs are read meanwhile: a node that does not answer must not hold up who waits. @throws {InvariantViolation} */
  look(loads: readonly SteadyLoad[], nodes: readonly TestNode[]): void {
    if (this.#violation !== null) throw this.#violation;
    for (const load of loads) this.#judge(load);
    if (this.#reading === null && performance.now() - this.#logsReadMs > logsEveryMs) {
      this.readLogs(nodes).catch((error: unknown) => {
        this.#violation = error;
      });
    }
  }

  /** Each node's log up to now. @throws {InvariantViolation} */
  async readLogs(nodes: readonly TestNode[]): Promise<void> {
    await this.#reading;
    const reading = Promise.all(nodes.map((node) => this.logs.follow(node)));
    this.#reading = reading.then(
      () => undefined,
      () => undefined,
    );
    await reading.finally(() => {
      this.#reading = null;
      this.#logsReadMs = performance.now();
    });
  }

  #judge(load: SteadyLoad): void {
    const { history, deadlineMs } = load;
    for (let i = this.#judged.get(load) ?? 0; i < history.length; i += 1) {
      const call = history[i] as Call;
      this.#judged.set(load, i + 1);
      this.#service.add(call);
      const stalledMs = load.stalledMs(call.startMs, call.endMs);
      const tookMs = call.endMs - call.startMs - stalledMs;
      if (tookMs > deadlineMs + graceMs) {
        throw new InvariantViolation(
          `S8: ${call.id} ended ${tookMs.toFixed(0)} ms after it was sent, with a deadline of ${deadlineMs} ms`,
        );
      }
    }
    const [oldest] = load.pendingSinceMs();
    const nowMs = performance.now();
    const waitsMs = oldest === undefined ? 0 : nowMs - oldest - load.stalledMs(oldest, nowMs);
    if (waitsMs > deadlineMs + graceMs) {
      throw new InvariantViolation(
        `S8: a call has no answer after ${waitsMs.toFixed(0)} ms, with a deadline of ${deadlineMs} ms`,
      );
    }
  }
}
