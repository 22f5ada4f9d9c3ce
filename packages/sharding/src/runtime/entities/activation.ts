import type { Context } from "./context.ts";
import type { EntityType } from "./entity-type.ts";
import type { EntityRequest } from "./executor-messages.ts";
import { Mailbox } from "./mailbox.ts";
import type { Shard } from "./shard.ts";

/**
 * One entity on this node: its state once it is loaded, the command that it is busy with, and the
 * commands that wait. Unloaded and idle, it does not exist.
 */
export class Activation {
  /** `namespace/type/id`. */
  readonly key: string;
  readonly entity: { readonly namespace: string; readonly type: string; readonly id: string };
  readonly type: EntityType;
  readonly shard: Shard;

  /** The adopted state; meaningless until `loaded`. */
  state: unknown = undefined;
  loaded = false;
  /** Commands that may have changed the state: also in place, also those that failed. */
  changes = 0;
  /** Of a durable entity: how many events the state is folded from. */
  version = 0;
  /** Since its state was last kept. @unit events, characters of JSON */
  unkept = { events: 0, size: 0 };
  /** Dropped: whatever still comes back from a handler or a validator concerns nobody. */
  ended = false;

  /** The command between its start and its reply. */
  current: EntityRequest | null = null;
  /** The running handler's context; null while the input is still being checked. */
  context: Context | null = null;
  /** Numbers the commands, so that a promise knows whether it is still the current one's. */
  attempt = 0;
  /** The loop that serves this entity is on the stack; a request that arrives meanwhile waits for it. */
  inLoop = false;

  /** Links of the type's list by last use; see residents.ts. */
  older: Activation | null = null;
  newer: Activation | null = null;
  /** @unit milliseconds on the monotonic clock */
  usedMs = 0;

  #mailbox: Mailbox | null = null;

  constructor(
    key: string,
    entity: { readonly namespace: string; readonly type: string; readonly id: string },
    type: EntityType,
    shard: Shard,
  ) {
    this.key = key;
    this.entity = entity;
    this.type = type;
    this.shard = shard;
  }

  get isDurable(): boolean {
    return this.type.definition.events !== null;
  }

  get waiting(): number {
    return this.#mailbox === null ? 0 : this.#mailbox.size;
  }

  get idle(): boolean {
    return this.current === null && !this.inLoop && this.waiting === 0;
  }

  /** Most entities never have anything waiting: their mailbox is made when it is needed. */
  get mailbox(): Mailbox {
    this.#mailbox ??= new Mailbox();
    return this.#mailbox;
  }
}
