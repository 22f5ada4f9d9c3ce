import { type Incarnation, type NodeId, type NodeRef, sameNode, type Term } from "../core/ids.ts";
import { fromCoordinatorOf, toCoordinatorOf } from "../core/message-check.ts";
import type { FromCoordinator, ToCoordinator } from "../core/messages.ts";
import type { RegionReport } from "../core/region.ts";
import type { LogFn } from "../node-api.ts";
import type { Heartbeat } from "../ports/lease-session.ts";
import type { Letter, Letters, Recipient } from "../ports/letters.ts";
import { gatherReports, reportKey } from "./gather-reports.ts";

export interface CorrespondencePorts {
  readonly letters: Letters;
  readonly self: () => NodeRef;
  /** Who leads and in which term, as far as this node knows. */
  readonly coordinator: () => NodeRef | null;
  readonly term: () => Term;
  /** The term that this node leads; null where it does not. */
  readonly leads: () => Term | null;
  readonly isConnected: (node: NodeRef) => boolean;
  /** What this life has said to the coordinator and the log does not show as heard. */
  readonly unanswered: () => readonly Unanswered[];
  readonly toCoordinator: (from: NodeRef, message: ToCoordinator) => void;
  readonly fromCoordinator: (from: NodeRef, message: FromCoordinator) => void;
  readonly log: LogFn;
}

export type Unanswered = RegionReport | Extract<ToCoordinator, { tag: "register-region" }>;

/**
 * The way of control messages through Postgres, while the link between a node and the coordinator is cut.
 *
 * Intuition: the log is the answer to whatever a node reports. So at each heartbeat the node looks for
 * what it could say and the log does not show as heard. While the link is down for longer than a heartbeat
 * that goes into a letter at once; while the link seems to be up, only what was unanswered at the heartbeat
 * before. Nothing is kept for repetition, and on the good path nothing is written. A node that leads says it to
 * itself: what it reported to the coordinator before it may never have been heard.
 *
 * The coordinator takes letters when a heartbeat or a notification says that some wait, hears them like
 * messages of their senders, and writes back what no log entry says: refusals, stops, and answers to
 * operators.
 */
export class Correspondence {
  readonly #ports: CorrespondencePorts;
  /** The coordinator's life that was not connected at the last heartbeat. */
  #down: Incarnation | null = null;
  #isCut = false;
  #before: ReadonlySet<string> = new Set();
  #claim: ToCoordinator | null = null;
  /** Lives that wrote instead of sending: they are answered in the same way, too. */
  readonly #writers = new Set<Incarnation>();
  readonly #asked = new Set<string>();
  #isDue = false;
  /** Statements to come, by what they are about: a later one takes the place of an earlier one. */
  readonly #waiting = new Map<string, () => Promise<unknown>>();
  #isRunning = false;

  constructor(ports: CorrespondencePorts) {
    this.#ports = ports;
  }

  /** Every heartbeat: what has stayed without an answer, and what waits for this node. */
  heard(waiting: Heartbeat["letters"]): void {
    const elsewhere = this.#coordinatorElsewhere();
    const isDown = elsewhere !== null && !this.#ports.isConnected(elsewhere);
    this.#isCut = isDown && this.#down === elsewhere.incarnation;
    this.#down = isDown ? elsewhere.incarnation : null;
    const open = this.#ports.unanswered();
    const due = this.#isCut ? open : open.filter((fact) => this.#before.has(keyOf(fact)));
    this.#before = new Set(open.map(keyOf));
    if (this.#ports.coordinator() !== null) this.#report(due);
    if (this.#isCut) this.#writeClaim();
    this.look(waiting);
  }

  /** Letters wait. */
  look({ toCoordinator, toNode }: Heartbeat["letters"]): void {
    const { self, leads } = this.#ports;
    const term = leads();
    if (toNode) this.#take({ nodeId: self().nodeId });
    if (toCoordinator && term !== null) this.#take({ coordinatorOf: term });
  }

  /** A message to the coordinator found no link. Reports are found again in what is unanswered. */
  unsent(message: ToCoordinator): void {
    if (message.tag === "claim") this.#claim = message;
    if (!this.#isCut || this.#isDue) return;
    this.#isDue = true;
    queueMicrotask(() => {
      this.#isDue = false;
      if (!this.#isCut) return;
      this.#report(this.#ports.unanswered());
      this.#writeClaim();
    });
  }

  /** An operator's command, once. @returns whether it takes this way. */
  ask(message: Extract<ToCoordinator, { tag: "admin" }>): boolean {
    if (!this.#isCut) return false;
    this.#asked.add(message.requestId);
    this.#write(null, message.requestId, [message]);
    return true;
  }

  /** Nobody waits for the answer any more: what was not taken is taken back. */
  forget(requestId: string): void {
    if (!this.#asked.delete(requestId)) return;
    const { letters, self } = this.#ports;
    const letter = { from: self(), to: null, subject: requestId };
    this.#next(`withdraw ${requestId}`, () => letters.withdraw(letter));
  }

  /** From this node as the coordinator, to one that its link may not reach. */
  answer(to: NodeRef, message: FromCoordinator, wasSent: boolean): void {
    if (wasSent && !this.#writers.has(to.incarnation)) return;
    const subject = subjectOf(message);
    if (subject !== null) this.#write(to.nodeId, subject, [message]);
  }

  peerUp(peer: NodeRef): void {
    this.#writers.delete(peer.incarnation);
  }

  #coordinatorElsewhere(): NodeRef | null {
    const { coordinator, self } = this.#ports;
    const found = coordinator();
    return found === null || sameNode(found, self()) ? null : found;
  }

  #report(due: readonly Unanswered[]): void {
    if (due.length === 0) return;
    const registration = due.filter((fact) => fact.tag === "register-region");
    const reports = due.filter((fact) => fact.tag !== "register-region");
    const messages = [...registration, ...gatherReports(reports, this.#ports.term())];
    if (this.#coordinatorElsewhere() !== null) return this.#write(null, "reports", messages);
    // This node leads, perhaps since it said all this to one that did not live to hear it.
    const { toCoordinator, self } = this.#ports;
    for (const message of messages) toCoordinator(self(), message);
  }

  #writeClaim(): void {
    if (this.#claim === null) return;
    this.#write(null, "claim", [this.#claim]);
    this.#claim = null;
  }

  #write(to: NodeId | null, subject: string, messages: readonly object[]): void {
    const { letters, self } = this.#ports;
    const from = self();
    this.#next(`${to} ${subject}`, () => letters.write({ from, to, subject, messages }));
  }

  #take(to: Recipient): void {
    this.#next("nodeId" in to ? "take" : "lead", async () => {
      for (const letter of await this.#ports.letters.take(to)) this.#read(letter, to);
    });
  }

  #read({ from, messages }: Letter, to: Recipient): void {
    const { toCoordinator, fromCoordinator, log } = this.#ports;
    const isToNode = "nodeId" in to;
    if (!isToNode) this.#writers.add(from.incarnation);
    for (const message of messages) {
      const order = isToNode ? fromCoordinatorOf(message) : null;
      const report = isToNode ? null : toCoordinatorOf(message);
      if (order !== null) fromCoordinator(from, order);
      else if (report !== null) toCoordinator(from, report);
      else log("warn", "a letter says what no message says", { from: from.nodeId });
    }
  }

  /** One statement after the other: an earlier letter must not replace a later one. */
  #next(about: string, statement: () => Promise<unknown>): void {
    this.#waiting.set(about, statement);
    if (!this.#isRunning) void this.#run();
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    for (const [about, statement] of this.#waiting) {
      this.#waiting.delete(about);
      try {
        await statement();
      } catch (error) {
        // The next heartbeat finds again what is unanswered, and says again what waits.
        this.#ports.log("debug", "a letter went astray", { error: String(error) });
      }
    }
    this.#isRunning = false;
  }
}

const keyOf = (fact: Unanswered): string =>
  fact.tag === "register-region" ? fact.tag : reportKey(fact);

/** What the log says needs no letter. */
function subjectOf(message: FromCoordinator): string | null {
  switch (message.tag) {
    case "admin-answer":
      return message.requestId;
    case "region-refused":
    case "stop-shards":
      return message.tag;
    default:
      return null;
  }
}
