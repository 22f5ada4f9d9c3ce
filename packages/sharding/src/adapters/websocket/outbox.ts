import type { Variant } from "../../ports/transport.ts";

export interface Batch {
  readonly messages: readonly unknown[];
  readonly variants: readonly Variant[];
  readonly bytes: number;
}

const nothing: Batch = { messages: [], variants: [], bytes: 0 };

/** Messages in order of arrival, as three lists: a batch goes to the codec without another copy. */
class Lane {
  messages: unknown[] = [];
  variants: Variant[] = [];
  sizes: number[] = [];

  push(message: unknown, variant: Variant, size: number): void {
    this.messages.push(message);
    this.variants.push(variant);
    this.sizes.push(size);
  }

  /** The first messages that fit into `budget` bytes; at least one where there is any and `budget` > 0. */
  take(budget: number): Batch {
    if (this.messages.length === 0) return nothing;
    let bytes = 0;
    let count = 0;
    while (count < this.sizes.length && bytes < budget) bytes += this.sizes[count++] ?? 0;
    if (count === this.messages.length) {
      const whole = { messages: this.messages, variants: this.variants, bytes };
      this.messages = [];
      this.variants = [];
      this.sizes = [];
      return whole;
    }
    this.sizes.splice(0, count);
    return {
      messages: this.messages.splice(0, count),
      variants: this.variants.splice(0, count),
      bytes,
    };
  }
}

/**
 * What waits to be written to one peer on one channel. Replies go first: they free a caller, and the
 * requests behind them only make more work.
 */
export class Outbox {
  readonly #replies = new Lane();
  readonly #others = new Lane();
  #messages = 0;
  #bytes = 0;

  get messages(): number {
    return this.#messages;
  }

  get bytes(): number {
    return this.#bytes;
  }

  push(message: unknown, variant: Variant, size: number): void {
    (variant === "reply" ? this.#replies : this.#others).push(message, variant, size);
    this.#messages++;
    this.#bytes += size;
  }

  /** About `budget` bytes: never nothing where something waits. */
  take(budget: number): Batch {
    const replies = this.#replies.take(budget);
    const others = this.#others.take(budget - replies.bytes);
    const batch = join(replies, others);
    this.#messages -= batch.messages.length;
    this.#bytes -= batch.bytes;
    return batch;
  }
}

function join(first: Batch, second: Batch): Batch {
  if (first.messages.length === 0) return second;
  if (second.messages.length === 0) return first;
  return {
    messages: first.messages.concat(second.messages),
    variants: first.variants.concat(second.variants),
    bytes: first.bytes + second.bytes,
  };
}
