import type { Clock } from "../../ports/clock.ts";
import type { ServerMs } from "../../ports/timers.ts";
import type { Activation } from "./activation.ts";
import type { CallEntity } from "./context.ts";
import type { EntityReply, ServingGuard } from "./executor-messages.ts";
import type { Shard } from "./shard.ts";

/** What the parts of one executor share. */
export interface Home {
  readonly clock: Clock;
  readonly guard: ServingGuard;
  readonly call: CallEntity;
  /** The server's clock; for timers. @unit milliseconds since 1970 */
  serverMs(): ServerMs;
  /** Where a request is that has not been answered in the same turn: how a cancel finds it. */
  readonly inFlight: Map<number, Activation>;
  /** @param heldMs how long the handler kept the thread, where that is measured. @default 0 */
  reply(requestId: number, reply: EntityReply, heldMs?: number): void;
  /** Whether handlers are timed: one more look at the clock for each. */
  readonly isTimed: boolean;
  /** A draining shard has no running handler any more. */
  quiet(shard: Shard): void;
}
