import { createHash } from "node:crypto";
import { Packr } from "msgpackr";
import { type NodeRef, sameNode } from "../core/ids.ts";
import type { HandoffRef, StateChunk, StateTaken } from "../core/messages.ts";
import type { Clock } from "../ports/clock.ts";
import type { Transport } from "../ports/transport.ts";
import type { CapturedEntity } from "./entities/executor-messages.ts";

/** Bytes in one message: small enough that heartbeats and replies pass in between. */
const chunkBytes = 256 * 1024;
/** A shard's captured state may be this large. @unit bytes */
const stateLimitBytes = 256 * 1024 * 1024;
/** Sent again when it was not acknowledged: the connection may have been lost in between. */
const resendMs = 3_000;
/** State that nobody asked for is dropped. */
const unclaimedMs = 60_000;

export interface TransferEvents {
  /** State has arrived whole, with the digest that its source gave. */
  arrived(ref: HandoffRef): void;
  /** The target has it whole. */
  taken(handoffId: string, from: NodeRef): void;
  /** A chunk that fits no transfer, or a digest that does not match. */
  bad(why: string): void;
}

interface Outgoing {
  readonly bytes: Uint8Array;
  readonly digest: string;
  transfer: { readonly to: NodeRef; readonly ref: HandoffRef; cancel: () => void } | null;
}

interface Incoming {
  readonly ref: HandoffRef;
  readonly from: NodeRef;
  readonly bytes: Uint8Array;
  readonly digest: string;
  received: number;
  isWhole: boolean;
  readonly cancel: () => void;
}

/**
 * Carries the state of a shard from its source to its target: packed once, cut into chunks in order,
 * checked against its digest, acknowledged whole. Both sides keep their copy until it is settled
 * who serves.
 */
export class StateTransfer {
  readonly #transport: Transport;
  readonly #clock: Clock;
  readonly #events: TransferEvents;
  readonly #packr = new Packr({ structuredClone: true });
  readonly #outgoing = new Map<string, Outgoing>();
  readonly #incoming = new Map<string, Incoming>();

  constructor(transport: Transport, clock: Clock, events: TransferEvents) {
    this.#transport = transport;
    this.#clock = clock;
    this.#events = events;
  }

  /** Keeps what was captured. @returns what the coordinator is told about it; size 0 for no entities. */
  keep(handoffId: string, entities: readonly CapturedEntity[]): { digest: string; size: number } {
    if (entities.length === 0) return { digest: "", size: 0 };
    const bytes = this.#packr.pack(entities);
    const digest = digestOf(bytes);
    this.#outgoing.set(handoffId, { bytes, digest, transfer: null });
    return { digest, size: bytes.length };
  }

  send(ref: HandoffRef, to: NodeRef): void {
    const outgoing = this.#outgoing.get(ref.handoffId);
    if (outgoing === undefined) return;
    outgoing.transfer?.cancel();
    this.#sendFrom(outgoing, ref, to, 0);
  }

  /** A connection came back: what was under way on the former one may be lost. */
  resume(peer: NodeRef): void {
    for (const outgoing of this.#outgoing.values()) {
      const { transfer } = outgoing;
      if (transfer?.to.incarnation === peer.incarnation) this.send(transfer.ref, transfer.to);
    }
  }

  /** The entities that have arrived. @throws when they have not; the region asks only after they have. */
  open(handoffId: string): readonly CapturedEntity[] {
    const incoming = this.#incoming.get(handoffId);
    if (incoming?.isWhole !== true)
      throw new Error(`The state of handoff ${handoffId} is not here.`);
    this.forget(handoffId);
    return this.#packr.unpack(incoming.bytes);
  }

  forget(handoffId: string): void {
    this.#outgoing.get(handoffId)?.transfer?.cancel();
    this.#outgoing.delete(handoffId);
    this.#incoming.get(handoffId)?.cancel();
    this.#incoming.delete(handoffId);
  }

  clear(): void {
    for (const id of [...this.#outgoing.keys(), ...this.#incoming.keys()]) this.forget(id);
  }

  /** @returns false where another node sends the state of this handoff. */
  receiveChunk(from: NodeRef, chunk: StateChunk): boolean {
    const known = this.#incoming.get(chunk.handoffId);
    if (known !== undefined && !sameNode(known.from, from)) return false;
    if (known?.isWhole === true) {
      this.#acknowledge(from, chunk.handoffId);
      return true;
    }
    const incoming = known ?? this.#begin(from, chunk);
    if (incoming !== null) this.#receive(incoming, chunk);
    return true;
  }

  #receive(incoming: Incoming, chunk: StateChunk): void {
    // Each attempt sends from the start and in order: what does not continue belongs to another one.
    if (chunk.offset === 0) incoming.received = 0;
    if (chunk.offset !== incoming.received || chunk.offset + chunk.bytes.length > chunk.size)
      return;
    incoming.bytes.set(chunk.bytes, chunk.offset);
    incoming.received += chunk.bytes.length;
    if (incoming.received < chunk.size) return;
    if (digestOf(incoming.bytes) !== incoming.digest) {
      this.forget(chunk.handoffId);
      return this.#events.bad(`handoff ${chunk.handoffId} arrived with another digest`);
    }
    incoming.isWhole = true;
    // From here on the region says when it is needed no more.
    incoming.cancel();
    this.#events.arrived(incoming.ref);
    this.#acknowledge(incoming.from, chunk.handoffId);
  }

  /** @returns false where the state goes to another node: its chunks must go on being sent again. */
  receiveTaken(from: NodeRef, message: StateTaken): boolean {
    const transfer = this.#outgoing.get(message.handoffId)?.transfer ?? null;
    if (transfer === null) return true;
    if (!sameNode(transfer.to, from)) return false;
    transfer.cancel();
    this.#events.taken(message.handoffId, from);
    return true;
  }

  #sendFrom(outgoing: Outgoing, ref: HandoffRef, to: NodeRef, start: number): void {
    const { bytes, digest } = outgoing;
    let offset = start;
    while (offset < bytes.length) {
      const piece = bytes.subarray(offset, offset + chunkBytes);
      const { group, shard, epoch, handoffId } = ref;
      const chunk: StateChunk = {
        ...{ tag: "state-chunk", handoffId, group, shard, epoch, digest },
        ...{ offset, size: bytes.length, bytes: piece },
      };
      if (this.#transport.send(to.nodeId, "data", chunk, "handoff") !== "queued") break;
      offset += piece.length;
    }
    const isThrough = offset >= bytes.length;
    // Through: wait for the acknowledgement, then again from the start. Full: go on in a moment.
    const cancel = this.#clock.after(isThrough ? resendMs : 10, () =>
      this.#sendFrom(outgoing, ref, to, isThrough ? 0 : offset),
    );
    outgoing.transfer = { to, ref, cancel };
  }

  #begin({ nodeId, incarnation }: NodeRef, chunk: StateChunk): Incoming | null {
    const { group, shard, epoch, handoffId, digest, size } = chunk;
    if (!Number.isSafeInteger(size) || size < 1 || size > stateLimitBytes) {
      this.#events.bad(`handoff ${handoffId} announces ${size} bytes`);
      return null;
    }
    const cancel = this.#clock.after(unclaimedMs, () => this.forget(handoffId));
    const ref = { group, shard, epoch, handoffId };
    const incoming = {
      ref,
      from: { nodeId, incarnation },
      bytes: new Uint8Array(size),
      digest,
      received: 0,
      isWhole: false,
      cancel,
    };
    this.#incoming.set(handoffId, incoming);
    return incoming;
  }

  #acknowledge(to: NodeRef, handoffId: string): void {
    const message: StateTaken = { tag: "state-taken", handoffId };
    this.#transport.send(to.nodeId, "data", message, "handoff");
  }
}

const digestOf = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
