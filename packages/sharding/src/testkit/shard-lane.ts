import type {
  EntityReply,
  EntityRequest,
  FromExecutor,
  ToExecutor,
} from "../runtime/entities/executor-messages.ts";

/**
 * An executor of one shard in a worker thread, by hand: what it is posted and what it answers wait until
 * the test moves them. Handlers end when the test says so.
 */
export class ShardLane {
  readonly #onStart: (request: EntityRequest) => void;
  readonly #mayServe: (epoch: number) => boolean;
  readonly #toLane: ToExecutor[] = [];
  readonly #fromLane: FromExecutor[] = [];
  readonly #mailboxes = new Map<string, EntityRequest[]>();
  #phase: "closed" | "serving" | "draining" | "frozen" = "closed";
  #epoch = 0;
  #handoffId = "";
  #listener: (message: FromExecutor) => void = () => undefined;

  /**
   * @param mayServe asked before a handler starts: the lane may not have heard yet that the shard is gone.
   * @param onStart a handler starts.
   */
  constructor(mayServe: (epoch: number) => boolean, onStart: (request: EntityRequest) => void) {
    this.#mayServe = mayServe;
    this.#onStart = onStart;
  }

  post(message: ToExecutor): void {
    this.#toLane.push(message);
  }

  onMessage(fn: (message: FromExecutor) => void): () => void {
    this.#listener = fn;
    return () => undefined;
  }

  /** The lane takes one message. @returns false where there is none. */
  step(): boolean {
    const message = this.#toLane.shift();
    if (message !== undefined) this.#take(message);
    return message !== undefined;
  }

  /** The main thread hears one message. @returns it, or null where there is none. */
  emit(): FromExecutor | null {
    const message = this.#fromLane.shift();
    if (message === undefined) return null;
    this.#listener(message);
    return message;
  }

  /** One of the running handlers ends. */
  finish(pick: number): boolean {
    const busy = [...this.#mailboxes.values()].filter((queue) => queue.length > 0);
    const mailbox = busy[pick % Math.max(1, busy.length)];
    const done = mailbox?.shift();
    if (mailbox === undefined || done === undefined) return false;
    this.#reply(done, { ok: true, value: done.input });
    this.#startNext(mailbox);
    this.#captureWhenQuiet(done);
    return true;
  }

  #take(message: ToExecutor): void {
    switch (message.tag) {
      case "request":
        return this.#request(message.request);
      case "cancel":
      case "carry":
      case "forget":
        return;
      case "open":
        this.#clear();
        return this.#serve(message.epoch);
      case "reopen":
        return this.#reopen(message);
      case "copy":
        this.#fromLane.push({ ...message, tag: "copied", chunks: [] });
        return;
      case "drain":
        this.#phase = "draining";
        this.#handoffId = message.handoffId;
        for (const mailbox of this.#mailboxes.values()) {
          for (const queued of mailbox.splice(1)) this.#reply(queued, bounced);
        }
        return this.#captureWhenQuiet(message);
      case "drop":
        this.#clear();
        this.#phase = "closed";
        this.#fromLane.push({ ...message, tag: "dropped" });
        return;
      default:
        message satisfies never;
    }
  }

  #request(request: EntityRequest): void {
    if (this.#phase !== "serving" || this.#epoch !== request.epoch) {
      return this.#reply(request, bounced);
    }
    const mailbox = this.#mailboxes.get(request.id) ?? [];
    this.#mailboxes.set(request.id, mailbox);
    mailbox.push(request);
    if (mailbox.length === 1) this.#startNext(mailbox);
  }

  #startNext(mailbox: EntityRequest[]): void {
    const [next] = mailbox;
    if (next === undefined) return;
    if (this.#mayServe(this.#epoch)) return this.#onStart(next);
    for (const request of mailbox.splice(0)) this.#reply(request, bounced);
  }

  #serve(epoch: number): void {
    this.#phase = "serving";
    this.#epoch = epoch;
  }

  /** A drain that is given up is answered too: nothing that was taken before it can bounce any more. */
  #reopen({ group, shard, epoch }: Extract<ToExecutor, { tag: "reopen" }>): void {
    if (this.#phase === "draining") {
      const why = "The handoff was given up.";
      const handoffId = this.#handoffId;
      this.#fromLane.push({
        tag: "capture-failed",
        group,
        shard,
        epoch: this.#epoch,
        handoffId,
        why,
      });
    }
    this.#serve(epoch);
  }

  #captureWhenQuiet({ group, shard }: { readonly group: string; readonly shard: number }): void {
    const isBusy = [...this.#mailboxes.values()].some((mailbox) => mailbox.length > 0);
    if (this.#phase !== "draining" || isBusy) return;
    this.#phase = "frozen";
    const { epoch, handoffId } = { epoch: this.#epoch, handoffId: this.#handoffId };
    this.#fromLane.push({
      tag: "captured",
      group,
      shard,
      epoch,
      handoffId,
      state: null,
      warm: [],
    });
  }

  /** Running handlers end unheard; what was queued goes back. */
  #clear(): void {
    for (const [running, ...queued] of this.#mailboxes.values()) {
      if (running !== undefined) this.#reply(running, unknown);
      for (const request of queued) this.#reply(request, bounced);
    }
    this.#mailboxes.clear();
  }

  #reply({ requestId }: EntityRequest, reply: EntityReply): void {
    this.#fromLane.push({ tag: "reply", requestId, reply });
  }
}

const bounced: EntityReply = { ok: false, bounce: "not-hosting" };
const unknown: EntityReply = {
  ok: false,
  error: {
    code: "OUTCOME_UNKNOWN",
    message: "Its home gave the shard up while the command ran.",
    retryable: false,
    executed: "unknown",
  },
};
