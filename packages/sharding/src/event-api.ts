import type { Cursor } from "./core/cursor.ts";
import type { EntityId } from "./runtime/entities/command.ts";

export type { Cursor } from "./core/cursor.ts";

/** Whose events a subscription takes. */
export interface EventFilter {
  /**
   * One namespace, or several by name. Each is meant literally: there is no name that stands for others, and
   * without this field it is `default` alone.
   * @default "default"
   */
  readonly namespace?: string | readonly string[];
  /** Entity types; one that this node does not run is followed, too. @default all */
  readonly types?: readonly string[];
  /** One entity of a type that this node runs, in one namespace. Only its shard is read. @default all */
  readonly entity?: { readonly type: string; readonly id: string };
}

/** An event of a durable entity. `entity` and `version` name it for good: it never comes under another pair. */
export interface EntityEvent {
  readonly entity: EntityId & { readonly type: string };
  /**
   * How many events the entity had had with this one. The next one that is delivered has the next number; a hole
   * says that the events in it were deleted (`keepEvents`, or the entity's removal) before they were read.
   */
  readonly version: number;
  /** The event's name in its definition; `$removed` where the entity was removed. */
  readonly name: string;
  /** In its present shape, where this node runs the type; else as it was stored. */
  readonly data: unknown;
  /** By the database's clock, ISO 8601. For people: order is by `version`. */
  readonly at: string;
}

/**
 * Takes events: those of one entity in their order, each at least once. The next call comes after this one has
 * resolved, so whoever is slow reads slowly and loses nothing.
 *
 * @param events 1 to 1,000.
 * @param cursor makes the cursor of what follows these events. Stored together with what the events led to,
 * it makes that happen exactly once.
 */
export type EventHandler = (
  events: readonly EntityEvent[],
  cursor: () => Cursor,
) => void | Promise<void>;

export interface SubscribeOptions {
  /**
   * `start`: everything that is stored. `now`: what is stored after the subscription exists. A cursor: what comes
   * after it. @default "now"
   */
  readonly from?: Cursor | "start" | "now";
  /** Closes the subscription. */
  readonly signal?: AbortSignal;
}

/** Goes on until it is closed, its node stops, or it fails; it waits while Postgres is away. */
export interface Subscription {
  /** Where another subscription has to go on: after everything that was handled. */
  cursor(): Cursor;
  /** Takes no more events. The call under way goes on, and counts as handled when it resolves. */
  close(): void;
  /**
   * Resolves once it is closed, or its node has stopped, and the last call has ended. Rejects with what ended it
   * otherwise; an event that was not handled is then behind `cursor()`.
   *
   * - what the handler threw;
   * - {@link EventUnreadableError}: an event is not one that this version of the program can read;
   * - {@link CursorInvalidError}: the journal has lost its end (a failover or a restore that lost commits);
   * - {@link StoreUnsuitableError}: the node may not, or cannot read the tables.
   *
   * Nobody else tells of it: without a handler of the rejection it ends the process.
   */
  readonly ended: Promise<void>;
}
