import type { ClusterState } from "../core/cluster.ts";
import {
  type CoordinatorInput,
  type CoordinatorState,
  type TurnResult,
  turnCoordinator,
} from "../core/coordinator.ts";
import type { NodeRef } from "../core/ids.ts";
import { sameNode } from "../core/ids.ts";
import type { LogEntry } from "../core/log.ts";
import { StoreUnavailableError } from "../errors.ts";
import type { Clock } from "../ports/clock.ts";
import type { CommitResult, StateStore } from "../ports/state-store.ts";

export interface DriverEvents {
  /** Committed: the log first, then the messages that follow from it. */
  committed(entries: readonly LogEntry[], state: ClusterState): void;
  send(to: NodeRef, message: TurnResult["messages"][number]["message"]): void;
  /** A declared death was not: that life has renewed since its counter was last read. */
  refuted(): void;
  /** Dropped: said by lives that may not say it. */
  unauthorized(said: TurnResult["unauthorized"]): void;
  /**
   * Deposed, or a commit's outcome is unknown: this driver has ended and never sends again.
   *
   * @param defect what failed in a decision itself, or null: from the same rows it will fail again.
   */
  ended(why: string, defect: Error | null): void;
}

/**
 * Turns inputs into commits into messages, one batch at a time.
 *
 * ```
 *   inputs waiting -> turn (pure) -> commit under the term -> adopt the state -> send the messages
 * ```
 * A message sent before its write is durable is a promise that might not be kept; a state adopted
 * before is one that a refused commit would leave wrong. Inputs that arrive during a commit wait and
 * are stepped together, so 10,000 assignments cost one round trip.
 */
export class Driver {
  readonly #store: StateStore;
  readonly #clock: Clock;
  readonly #mayLead: () => boolean;
  readonly #events: DriverEvents;
  #state: CoordinatorState;
  #waiting: CoordinatorInput[] = [];
  #isRunning = false;
  #hasEnded = false;

  constructor(
    state: CoordinatorState,
    store: StateStore,
    clock: Clock,
    mayLead: () => boolean,
    events: DriverEvents,
  ) {
    this.#state = state;
    this.#store = store;
    this.#clock = clock;
    this.#mayLead = mayLead;
    this.#events = events;
  }

  get state(): CoordinatorState {
    return this.#state;
  }

  push(input: CoordinatorInput): void {
    if (this.#hasEnded) return;
    this.#waiting.push(input);
    if (this.#isRunning) return;
    this.#isRunning = true;
    void this.#run();
  }

  /** @returns what was not taken: it has had no effect, and never will. */
  end(): readonly CoordinatorInput[] {
    this.#hasEnded = true;
    const untaken = this.#waiting;
    this.#waiting = [];
    return untaken;
  }

  async #run(): Promise<void> {
    // What arrives in the same tick belongs to the same turn.
    await Promise.resolve();
    while (this.#waiting.length > 0 && !this.#hasEnded) {
      const batch = this.#waiting;
      this.#waiting = [];
      try {
        await this.#turn(batch);
      } catch (error) {
        const why = error instanceof Error ? error : new Error(String(error));
        // Without the batch: its outcome is unknown, or a decision about it has failed and would fail again.
        this.#fail(why.message, [], why instanceof StoreUnavailableError ? null : why);
      }
    }
    this.#isRunning = false;
  }

  async #turn(batch: readonly CoordinatorInput[]): Promise<void> {
    if (!this.#mayLead()) return this.#fail("the lease does not hold", batch);
    const turn = turnCoordinator(this.#state, batch, this.#clock.monotonicMs());
    if (turn.events.length > 0) {
      const result = await this.#store.commit({
        term: this.#state.cluster.term,
        after: this.#state.cluster.seq,
        events: turn.events,
        deaths: turn.deaths,
        next: turn.state.cluster,
      });
      if (this.#hasEnded) return;
      if (result.outcome === "deposed")
        return this.#fail(`term ${result.term} has taken over`, batch);
      if (result.outcome === "refuted") {
        this.#waiting.unshift(...withoutRefuted(batch, result));
        this.#events.refuted();
        return;
      }
      this.#state = turn.state;
      this.#events.committed(result.entries, turn.state.cluster);
    } else {
      this.#state = turn.state;
    }
    if (turn.unauthorized.length > 0) this.#events.unauthorized(turn.unauthorized);
    for (const { to, message } of turn.messages) this.#events.send(to, message);
  }

  #fail(why: string, untaken: readonly CoordinatorInput[], defect: Error | null = null): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#waiting.unshift(...untaken);
    this.#events.ended(why, defect);
  }
}

/**
 * The batch again, without what the refuted deaths came from: the conclusion, or the registration of
 * a life that would have replaced one that still renews.
 */
function withoutRefuted(
  batch: readonly CoordinatorInput[],
  refuted: Extract<CommitResult, { outcome: "refuted" }>,
): readonly CoordinatorInput[] {
  const isAlive = (node: NodeRef) => refuted.alive.some((alive) => sameNode(alive, node));
  const isNameAlive = (nodeId: string) => refuted.alive.some((alive) => alive.nodeId === nodeId);
  return batch.filter((input) => {
    if (input.tag === "lease-ended") return !isAlive(input.node);
    const registers = input.tag === "message" && input.message.tag === "register-region";
    return !(registers && isNameAlive(input.from.nodeId));
  });
}
