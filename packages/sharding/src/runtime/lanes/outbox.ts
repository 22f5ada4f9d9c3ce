/** Gathers what is sent in one go, so that it crosses as one message. */
export class Outbox<Message> {
  readonly #post: (batch: readonly Message[], transfer: readonly ArrayBuffer[]) => void;
  #batch: Message[] = [];
  #transfer: ArrayBuffer[] = [];

  constructor(post: (batch: readonly Message[], transfer: readonly ArrayBuffer[]) => void) {
    this.#post = post;
  }

  /** @param transfer memory that the message gives away. */
  add(message: Message, transfer: readonly ArrayBuffer[] = []): void {
    if (this.#batch.length === 0) queueMicrotask(() => this.flush());
    this.#batch.push(message);
    if (transfer.length > 0) this.#transfer.push(...transfer);
  }

  flush(): void {
    if (this.#batch.length === 0) return;
    const batch = this.#batch;
    const transfer = this.#transfer;
    this.#batch = [];
    this.#transfer = [];
    this.#post(batch, transfer);
  }
}
