import { type NodeRef, type Seq, sameNode, type Term } from "../core/ids.ts";
import type { AdminAnswer, AdminCommand, ToCoordinator } from "../core/messages.ts";
import { type PlanPreview, unpackPreview } from "../core/preview.ts";
import { AdminRefusedError, CoordinatorUnavailableError, NoCoordinatorError } from "../errors.ts";
import type { Clock } from "../ports/clock.ts";
import { pause } from "./pause.ts";

export interface AdminPorts {
  readonly clock: Clock;
  /** Who leads, as far as this node knows. */
  readonly coordinator: () => NodeRef | null;
  /** In which term. */
  readonly term: () => Term;
  /** @returns whether a link took it. */
  readonly send: (to: NodeRef, message: AdminMessage) => boolean;
  /** As a letter to whoever leads when it is read. @returns whether it takes that way. */
  readonly write: (message: AdminMessage) => boolean;
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

type AdminMessage = Extract<ToCoordinator, { tag: "admin" }>;

/** `untaken`: nobody will carry it out. `lost`: whoever was asked will not answer any more. */
type Fate = AdminAnswer | "untaken" | "lost";

interface Asked {
  readonly to: NodeRef;
  /** The term that `to` was asked in; null for a letter, which the next coordinator may read. */
  readonly term: Term | null;
  readonly settle: (fate: Fate) => void;
}

/**
 * Carries operators' commands to the coordinator.
 *
 * A command is sent again only while it is certain that it was not taken. When the coordinator changes
 * under a command that was sent, its outcome is unknown: a plan made twice would be worse than an
 * operator who has to look. A preview changes nothing and is sent again, but once: one that its coordinator
 * has failed of must not reach each of the next ones.
 */
export class AdminClient {
  readonly #ports: AdminPorts;
  readonly #waiting = new Map<string, Asked>();

  constructor(ports: AdminPorts) {
    this.#ports = ports;
  }

  /**
   * Resolves once this node's copy of the log includes the effect.
   *
   * @throws {AdminRefusedError} with the coordinator's reason.
   * @throws {CoordinatorUnavailableError} when whoever was asked did not answer within `deadlineMs`, or went away
   *   before that: it may have been done.
   * @throws {NoCoordinatorError} when nobody could be asked within `deadlineMs`: it was not done.
   */
  async ask(command: AdminCommand, deadlineMs: number): Promise<AdminOutcome> {
    const { clock } = this.#ports;
    const endMs = clock.monotonicMs() + deadlineMs;
    let mayRepeat = command.tag === "preview";
    while (clock.monotonicMs() < endMs) {
      const to = this.#ports.coordinator();
      const fate = to === null ? "untaken" : await this.#try(to, command, endMs);
      if (typeof fate === "object") return await this.#outcome(fate, endMs);
      if (fate === "lost" && !mayRepeat) throw wentAway(to);
      mayRepeat &&= fate !== "lost";
      await pause(clock, 50);
    }
    throw new NoCoordinatorError(
      `No coordinator could be asked within ${deadlineMs} ms. Is Postgres reachable from the nodes?`,
    );
  }

  /** @returns false where another node was asked, and does not lead either. */
  answered(from: NodeRef, requestId: string, answer: AdminAnswer): boolean {
    const waiting = this.#waiting.get(requestId);
    if (waiting === undefined) return true;
    // A letter is answered by whoever leads when it is read.
    const leader = this.#ports.coordinator();
    const isAsked = sameNode(from, waiting.to) || (leader !== null && sameNode(from, leader));
    const isUntaken = !answer.ok && answer.code === "NOT_COORDINATOR";
    if (isAsked) waiting.settle(isUntaken ? "untaken" : answer);
    return isAsked;
  }

  /** This life answers nothing that it has taken: its connection ended, or it leads no more. */
  lost(node: NodeRef): void {
    for (const { to, term, settle } of this.#waiting.values())
      if (term !== null && sameNode(to, node)) settle("lost");
  }

  /** The log may have come to another term: an earlier one commits nothing more, and need not live to say so. */
  newCoordinator(): void {
    for (const { term, settle } of this.#waiting.values())
      if (term !== null && term !== this.#ports.term()) settle("lost");
  }

  async #outcome(answer: AdminAnswer, endMs: number): Promise<AdminOutcome> {
    const { clock } = this.#ports;
    if (!answer.ok) throw new AdminRefusedError(answer.code, answer.why);
    while (this.#ports.seq() < answer.seq && clock.monotonicMs() < endMs) await pause(clock, 5);
    const { seq, planId, preview } = answer;
    return { seq, planId, preview: preview === undefined ? null : unpackPreview(preview) };
  }

  async #try(to: NodeRef, command: AdminCommand, endMs: number): Promise<Fate> {
    const { clock, term, send, write, forget } = this.#ports;
    const requestId = clock.uuid();
    const { promise, resolve: settle, reject } = Promise.withResolvers<Fate>();
    const timeoutMs = endMs - clock.monotonicMs();
    const cancel = clock.after(timeoutMs, () =>
      reject(
        new CoordinatorUnavailableError(
          `The coordinator ${to.nodeId} did not answer within ${Math.round(timeoutMs)} ms.`,
        ),
      ),
    );
    const message: AdminMessage = { tag: "admin", requestId, command };
    try {
      // Before it is sent: what this node asks itself may be answered within the call.
      this.#waiting.set(requestId, { to, term: term(), settle });
      if (send(to, message)) return await promise;
      this.#waiting.set(requestId, { to, term: null, settle });
      return write(message) ? await promise : "untaken";
    } finally {
      cancel();
      this.#waiting.delete(requestId);
      forget(requestId);
    }
  }
}

const wentAway = (to: NodeRef | null): Error =>
  new CoordinatorUnavailableError(
    `The coordinator ${to?.nodeId} went away before it answered; look at the cluster before you ask again.`,
  );
