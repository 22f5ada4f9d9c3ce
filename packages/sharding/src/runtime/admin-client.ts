import { type NodeRef, type Seq, sameNode } from "../core/ids.ts";
import type { AdminAnswer, AdminCommand, ToCoordinator } from "../core/messages.ts";
import type { PlanPreview } from "../core/preview.ts";
import { AdminRefusedError, CoordinatorUnavailableError } from "../errors.ts";
import type { Clock } from "../ports/clock.ts";
import { pause } from "./pause.ts";

export interface AdminPorts {
  readonly clock: Clock;
  /** Who leads, as far as this node knows. */
  readonly coordinator: () => NodeRef | null;
  /** @returns whether the message is on its way. */
  readonly send: (to: NodeRef, message: Extract<ToCoordinator, { tag: "admin" }>) => boolean;
  /** Nobody waits for this answer any more. */
  readonly forget: (requestId: string) => void;
  /** How far this node's copy of the log has come. */
  readonly seq: () => Seq;
}

/** What an operator's command led to. */
export interface AdminOutcome {
  /** The log position that includes its effect. */
  readonly seq: Seq;
  /** Of the plan that it made or was about. */
  readonly planId: string | null;
  /** Of the command `preview`. */
  readonly preview: PlanPreview | null;
}

/**
 * Carries operators' commands to the coordinator.
 *
 * A command is sent again only while it is certain that it was not taken. When the coordinator changes
 * under a command that was sent, its outcome is unknown: a plan made twice would be worse than an
 * operator who has to look.
 */
export class AdminClient {
  readonly #ports: AdminPorts;
  readonly #waiting = new Map<
    string,
    { to: NodeRef; settle: (answer: AdminAnswer | Error) => void }
  >();

  constructor(ports: AdminPorts) {
    this.#ports = ports;
  }

  /**
   * Resolves once this node's copy of the log includes the effect.
   *
   * @throws {AdminRefusedError} with the coordinator's reason.
   * @throws {CoordinatorUnavailableError} when nobody answered within `deadlineMs`.
   */
  async ask(command: AdminCommand, deadlineMs: number): Promise<AdminOutcome> {
    const { clock } = this.#ports;
    const endMs = clock.monotonicMs() + deadlineMs;
    while (clock.monotonicMs() < endMs) {
      const to = this.#ports.coordinator();
      const answer = to === null ? null : await this.#try(to, command, endMs - clock.monotonicMs());
      if (answer === null || (!answer.ok && answer.code === "NOT_COORDINATOR")) {
        await pause(clock, 50);
        continue;
      }
      if (!answer.ok) throw new AdminRefusedError(answer.code, answer.why);
      while (this.#ports.seq() < answer.seq && clock.monotonicMs() < endMs) await pause(clock, 5);
      const { seq, planId, preview = null } = answer;
      return { seq, planId, preview };
    }
    throw new CoordinatorUnavailableError(
      `No coordinator answered within ${deadlineMs} ms. Is Postgres reachable from the nodes?`,
    );
  }

  /** @returns false where another node was asked, and does not lead either. */
  answered(from: NodeRef, requestId: string, answer: AdminAnswer): boolean {
    const waiting = this.#waiting.get(requestId);
    if (waiting === undefined) return true;
    // A letter is answered by whoever leads when it is read.
    const leader = this.#ports.coordinator();
    const isAsked = sameNode(from, waiting.to) || (leader !== null && sameNode(from, leader));
    if (isAsked) waiting.settle(answer);
    return isAsked;
  }

  /** The connection to this node ended, or another node leads now. */
  lost(node: NodeRef): void {
    for (const { to, settle } of this.#waiting.values()) {
      if (to.incarnation !== node.incarnation) continue;
      settle(
        new CoordinatorUnavailableError(
          `The coordinator ${node.nodeId} went away before it answered; look at the cluster before you ask again.`,
        ),
      );
    }
  }

  /** @returns null when the message could not be sent. */
  async #try(to: NodeRef, command: AdminCommand, timeoutMs: number): Promise<AdminAnswer | null> {
    const requestId = this.#ports.clock.uuid();
    const { promise, resolve, reject } = Promise.withResolvers<AdminAnswer>();
    const cancel = this.#ports.clock.after(timeoutMs, () =>
      reject(
        new CoordinatorUnavailableError(
          `The coordinator ${to.nodeId} did not answer within ${Math.round(timeoutMs)} ms.`,
        ),
      ),
    );
    const settle = (answer: AdminAnswer | Error) =>
      answer instanceof Error ? reject(answer) : resolve(answer);
    this.#waiting.set(requestId, { to, settle });
    try {
      if (!this.#ports.send(to, { tag: "admin", requestId, command })) return null;
      return await promise;
    } finally {
      cancel();
      this.#waiting.delete(requestId);
      this.#ports.forget(requestId);
    }
  }
}
