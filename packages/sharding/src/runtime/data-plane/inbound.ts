import type { InboundStream } from "../../core/admission.ts";
import type { Epoch, NodeRef, ShardRef } from "../../core/ids.ts";
import type { WheelEntry } from "./deadline-wheel.ts";
import { ShardTable } from "./shard-table.ts";
import type { WireRequest } from "./wire.ts";

/** A request that this node took as a home and has not answered. */
export interface Accepted extends WheelEntry {
  readonly inbound: Inbound;
  readonly stream: InboundStream;
  readonly request: WireRequest;
  readonly arrivedMs: number;
  /** Counts only while it is parked: a running one is the executor's. @unit bytes */
  bytes: number;
  /** The executor's number for it; 0 while it is parked. */
  requestId: number;
  /** The epoch under which it runs. */
  epoch: Epoch;
}

/** One sender, for as long as one connection to it lasts: bounces are numbered per connection. */
export class Inbound {
  readonly node: NodeRef;
  /** By the sender's number: what a cancel names. */
  readonly accepted = new Map<number, Accepted>();
  /** False once the connection is gone: nobody waits for the replies. */
  open = true;
  /** The peer was told that nothing more is taken. */
  hasFarewell = false;
  /** Of the request that was read last. */
  ordinal = 0;
  readonly #streams = new ShardTable<InboundStream>();

  constructor(node: NodeRef) {
    this.node = node;
  }

  stream(ref: ShardRef): InboundStream {
    return (
      this.#streams.get(ref) ??
      this.#streams.set(ref, { ticket: 0, epoch: 0, outstanding: 0, quiet: false })
    );
  }

  /**
   * The executor has said how a drain or drop ended, which it was given under `epoch`. Of an earlier
   * epoch than the latest request's it says nothing: that request may have been posted after it.
   */
  quiesced(ref: ShardRef, epoch: Epoch): void {
    const stream = this.#streams.get(ref);
    if (stream !== undefined && epoch >= stream.epoch) stream.quiet = true;
  }
}
