import type { Epoch, Incarnation, ShardRef } from "../../core/ids.ts";
import type { ClaimResult } from "../../ports/journal.ts";
import { ActivationTable } from "./activation-table.ts";
import type { Capture, Captured } from "./capture.ts";
import type { CapturedEntity } from "./executor-messages.ts";

/**
 * serving -> draining (a handoff began: running handlers end, nothing starts, then it is captured) -> frozen
 * (the copy is kept until it is known who serves next) -> serving again under a higher epoch, or gone.
 * `arriving`: a handoff brings it, and it is not held here yet.
 */
export type ShardPhase = "arriving" | "serving" | "draining" | "frozen" | "gone";

/** Under which epoch, and as which life, a shard is served. */
export interface Fence {
  readonly epoch: Epoch;
  readonly incarnation: Incarnation;
}

/** `isClaimed` from when `claim` has said so. */
export interface HeadClaimed {
  readonly epoch: Epoch;
  readonly claim: Promise<ClaimResult>;
  isClaimed: boolean;
}

/** One shard that this executor holds. */
export class Shard {
  readonly ref: ShardRef;
  fence: Fence;
  phase: ShardPhase = "serving";
  readonly activations = new ActivationTable();
  /** Carried entities of types that this node does not know: kept, so that they can move on. */
  strays: readonly CapturedEntity[] = [];
  /** The claim of its head in the journal, under the epoch that it was made for. */
  head: HeadClaimed | null = null;
  /** Handlers that have started and not ended. */
  running = 0;
  /** While it serves and a handoff copies it ahead. */
  copy: Capture | null = null;
  /** The handoff that drains or froze it. */
  handoffId: string | null = null;
  /** While it drains and nothing runs any more. */
  capture: Capture | null = null;
  /** While it is frozen. */
  captured: Captured | null = null;
  cancelAbort: (() => void) | null = null;

  constructor(ref: ShardRef, fence: Fence) {
    this.ref = ref;
    this.fence = fence;
  }

  get epoch(): Epoch {
    return this.fence.epoch;
  }
}
