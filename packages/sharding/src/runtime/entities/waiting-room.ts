import type { Activation } from "./activation.ts";
import type { EntityReply, EntityRequest } from "./executor-messages.ts";
import type { Home } from "./home.ts";
import { bounced, cancelled, deadlineExceeded, overloaded, refuse } from "./replies.ts";

/**
 * The mailboxes of all entities that have something waiting, with one coarse sweep for their deadlines:
 * a timer per request would cost more than most commands.
 */
export class WaitingRoom {
  readonly #home: Home;
  readonly #busy = new Set<Activation>();
  #size = 0;
  #cancelSweep: (() => void) | null = null;

  constructor(home: Home) {
    this.#home = home;
  }

  get size(): number {
    return this.#size;
  }

  close(): void {
    this.#cancelSweep?.();
    this.#cancelSweep = null;
  }

  add(activation: Activation, request: EntityRequest): void {
    const { mailboxLimit } = activation.type.definition;
    if (activation.waiting >= mailboxLimit) {
      const message = `${mailboxLimit} commands already wait for ${activation.key}.`;
      this.#home.reply(request.requestId, refuse(overloaded(message)));
      return;
    }
    activation.mailbox.push(request);
    this.#home.inFlight.set(request.requestId, activation);
    this.#size += 1;
    this.#busy.add(activation);
    this.#arm();
  }

  next(activation: Activation): EntityRequest | undefined {
    if (activation.waiting === 0) return undefined;
    const request = activation.mailbox.shift();
    if (request !== undefined) this.#left(activation, request);
    return request;
  }

  cancel(activation: Activation, requestId: number): void {
    this.#answer(activation, whileWaiting, (request) => request.requestId === requestId);
  }

  bounce(activation: Activation): void {
    this.#answer(activation, bounced, () => true);
  }

  #answer(
    activation: Activation,
    reply: EntityReply,
    which: (request: EntityRequest) => boolean,
  ): void {
    if (activation.waiting === 0) return;
    for (const request of activation.mailbox.take(which)) {
      this.#left(activation, request);
      this.#home.reply(request.requestId, reply);
    }
  }

  #left(activation: Activation, request: EntityRequest): void {
    this.#size -= 1;
    this.#home.inFlight.delete(request.requestId);
    if (activation.waiting === 0) this.#busy.delete(activation);
  }

  #arm(): void {
    this.#cancelSweep ??= this.#home.clock.after(sweepMs, () => {
      this.#cancelSweep = null;
      const nowMs = this.#home.clock.monotonicMs();
      for (const activation of this.#busy) {
        this.#answer(activation, tooLate, (request) => request.deadlineMs <= nowMs);
      }
      if (this.#busy.size > 0) this.#arm();
    });
  }
}

const sweepMs = 50;
const whileWaiting = refuse(cancelled("The caller gave up before the command began."));
const tooLate = refuse(deadlineExceeded("The deadline passed while the command waited its turn."));
