import { createHash, type Hash } from "node:crypto";
import { type NodeRef, sameNode } from "../core/ids.ts";
import type { HandoffRef, StateChunk, StateTaken } from "../core/messages.ts";
import type { Clock } from "../ports/clock.ts";
import type { Transport } from "../ports/transport.ts";
import { chunkBytes, type PackedState, stateLimitBytes } from "./entities/packed-state.ts";

/** Chunks of one handoff under way that were not acknowledged, at most and at least. */
const [mostChunks, fewestChunks] = [4, 2];
/** Chunks under way to one peer, as far as each handoff has its fewest: its queue is for requests, too. */
const peerChunks = 32;
/** Sent again when nothing was acknowledged: the connection may have been lost in between. */
const resendMs = 3_000;
/** A full queue is tried again after this. */
const fullMs = 10;
/** State that nobody asked for is dropped. */
const unclaimedMs = 60_000;

export interface TransferEvents {
  /** The next bytes, in order: `received` with them. Answered with {@link StateTransfer.restored}. */
  carry(ref: HandoffRef, bytes: Uint8Array, received: number): void;
  /** What was carried for this handoff is needed no more. */
  discard(handoffId: string): void;
  /** State has arrived whole, with the digest that its source gave, and is restored. */
  arrived(ref: HandoffRef): void;
  /** The target has more of it than before. */
  progressed(ref: HandoffRef): void;
  /** The target has all that was copied ahead. */
  caughtUp(ref: HandoffRef): void;
  /** The target has it whole. */
  taken(handoffId: string, from: NodeRef): void;
  /** A chunk that fits no transfer, or a digest that does not match. */
  bad(why: string): void;
}

interface Outgoing {
  /** By where each begins. @unit bytes */
  readonly chunks: Map<number, Uint8Array>;
  /** Where the last one begins, and ends. @unit bytes */
  last: number;
  size: number;
  /** Null while it is copied ahead: there will be more. */
  digest: string | null;
  transfer: Transfer | null;
}

interface Transfer {
  readonly to: NodeRef;
  readonly ref: HandoffRef;
  /** @unit bytes */
  sent: number;
  acknowledged: number;
  cancel: () => void;
}

/** How far a state that is being sent has come. @unit bytes */
export interface Progress {
  readonly size: number;
  readonly moved: number;
}

interface Incoming {
  readonly ref: HandoffRef;
  readonly from: NodeRef;
  readonly hash: Hash;
  /** Null until the source has captured all of it. */
  whole: StateChunk["whole"];
  /** @unit bytes */
  received: number;
  restored: number;
  isWhole: boolean;
  readonly cancel: () => void;
}

/** What is kept of handoffs under way: the bytes at a source, how far they have come at a target. */
export interface TransferStats {
  readonly outgoing: number;
  readonly incoming: number;
}

/**
 * Carries the packed state of a shard from its source to its target, in chunks and in order: first what was copied
 * ahead, if anything was, then the rest. The target restores
 * each chunk before it acknowledges it, and few are under way at a time: so neither the wire nor the target has more
 * waiting than that, however large the state is.
 *
 * The source keeps its bytes until it is settled who serves.
 */
export class StateTransfer {
  readonly #transport: Transport;
  readonly #clock: Clock;
  readonly #events: TransferEvents;
  readonly #outgoing = new Map<string, Outgoing>();
  readonly #incoming = new Map<string, Incoming>();

  constructor(transport: Transport, clock: Clock, events: TransferEvents) {
    this.#transport = transport;
    this.#clock = clock;
    this.#events = events;
  }

  stats(): TransferStats {
    return { outgoing: this.#outgoing.size, incoming: this.#incoming.size };
  }

  progressOf(handoffId: string): Progress {
    const outgoing = this.#outgoing.get(handoffId);
    return { size: outgoing?.size ?? 0, moved: outgoing?.transfer?.acknowledged ?? 0 };
  }

  /** Keeps what was captured. @returns what the coordinator is told about it; size 0 for no entities. */
  keep(handoffId: string, state: PackedState | null): { digest: string; size: number } {
    if (state === null) return { digest: "", size: 0 };
    const outgoing = this.#add(handoffId, state.chunks);
    outgoing.digest = state.digest;
    return { digest: state.digest, size: state.size };
  }

  /** Sends more of a state that is not whole yet: `caughtUp` says when the target has it. */
  sendAhead(ref: HandoffRef, to: NodeRef, chunks: readonly Uint8Array[]): void {
    this.#add(ref.handoffId, chunks);
    this.send(ref, to);
  }

  send(ref: HandoffRef, to: NodeRef): void {
    const outgoing = this.#outgoing.get(ref.handoffId);
    if (outgoing === undefined) return;
    const { transfer: former } = outgoing;
    const isUnderWay = former !== null && sameNode(former.to, to);
    const transfer = isUnderWay
      ? former
      : { to, ref, sent: 0, acknowledged: 0, cancel: () => undefined };
    if (!isUnderWay) former?.cancel();
    outgoing.transfer = transfer;
    this.#pump(outgoing, transfer);
  }

  #add(handoffId: string, chunks: readonly Uint8Array[]): Outgoing {
    const nothing = { chunks: new Map(), last: 0, size: 0, digest: null, transfer: null };
    const outgoing = this.#outgoing.get(handoffId) ?? nothing;
    this.#outgoing.set(handoffId, outgoing);
    for (const chunk of chunks) {
      outgoing.chunks.set(outgoing.size, chunk);
      outgoing.last = outgoing.size;
      outgoing.size += chunk.length;
    }
    return outgoing;
  }

  /** A connection came back: what was under way on the former one may be lost. */
  resume(peer: NodeRef): void {
    for (const outgoing of this.#outgoing.values()) {
      const { transfer, size } = outgoing;
      if (transfer?.to.incarnation !== peer.incarnation) continue;
      if (transfer.acknowledged < size) this.#again(outgoing, transfer);
    }
  }

  /** The state of this handoff is being used: it is the executor's from here on. */
  consume(handoffId: string): void {
    this.#incoming.get(handoffId)?.cancel();
    this.#incoming.delete(handoffId);
  }

  forget(handoffId: string): void {
    this.#outgoing.get(handoffId)?.transfer?.cancel();
    this.#outgoing.delete(handoffId);
    if (!this.#incoming.has(handoffId)) return;
    this.consume(handoffId);
    this.#events.discard(handoffId);
  }

  /** Drops what will never be whole: its handoff is over. What is whole is the region's to forget. */
  forgetParts(isOver: (ref: HandoffRef) => boolean): void {
    for (const { ref, isWhole } of [...this.#incoming.values()]) {
      if (!isWhole && isOver(ref)) this.forget(ref.handoffId);
    }
  }

  clear(): void {
    for (const id of [...this.#outgoing.keys(), ...this.#incoming.keys()]) this.forget(id);
  }

  /** @returns false where another node sends the state of this handoff. */
  receiveChunk(from: NodeRef, chunk: StateChunk): boolean {
    const known = this.#incoming.get(chunk.handoffId);
    if (known !== undefined && !sameNode(known.from, from)) return false;
    const incoming = known ?? this.#begin(from, chunk);
    if (incoming !== null) this.#receive(incoming, chunk);
    return true;
  }

  #receive(incoming: Incoming, { offset, whole, bytes }: StateChunk): void {
    const { ref, received, restored, hash } = incoming;
    const end = offset + bytes.length;
    // Sent again, or the attempt began before this node knew of it: the sender goes on from where this one stands.
    if (offset !== received || incoming.isWhole) return this.#acknowledge(incoming);
    const size = Math.min(whole?.size ?? stateLimitBytes, stateLimitBytes);
    const room = restored + mostChunks * chunkBytes;
    if (bytes.length === 0 || end > size || end > room) return;
    incoming.received = end;
    incoming.whole = whole;
    hash.update(bytes);
    if (end === whole?.size && hash.digest("hex") !== whole.digest) {
      this.forget(ref.handoffId);
      return this.#events.bad(`handoff ${ref.handoffId} arrived with another digest`);
    }
    this.#events.carry(ref, bytes, end);
  }

  /** The executor has restored what `received` bytes say. */
  restored(handoffId: string, received: number): void {
    const incoming = this.#incoming.get(handoffId);
    if (incoming === undefined) return;
    incoming.restored = received;
    if (received === incoming.whole?.size) {
      incoming.isWhole = true;
      // From here on the region says when it is needed no more.
      incoming.cancel();
      this.#events.arrived(incoming.ref);
    }
    this.#acknowledge(incoming);
  }

  /** The executor cannot restore it. */
  unreadable(handoffId: string, why: string): void {
    this.forget(handoffId);
    this.#events.bad(`handoff ${handoffId} cannot be restored: ${why}`);
  }

  /** @returns false where the state goes to another node: its chunks must go on being sent again. */
  receiveTaken(from: NodeRef, { handoffId, received }: StateTaken): boolean {
    const outgoing = this.#outgoing.get(handoffId);
    const transfer = outgoing?.transfer ?? null;
    if (outgoing === undefined || transfer === null) return true;
    if (!sameNode(transfer.to, from)) return false;
    const { chunks, size, digest } = outgoing;
    const before = transfer.acknowledged;
    if (received !== size && !chunks.has(received)) return true;
    transfer.acknowledged = received;
    if (received === size) {
      transfer.cancel();
      if (digest !== null) this.#events.taken(handoffId, from);
      // Said twice is asked for once.
      else if (received > before) this.#events.caughtUp(transfer.ref);
      return true;
    }
    this.#events.progressed(transfer.ref);
    if (received > before) this.#pump(outgoing, transfer);
    // It has forgotten what it had.
    else if (received < before) this.#again(outgoing, transfer);
    return true;
  }

  #again(outgoing: Outgoing, transfer: Transfer): void {
    // Where only the last word is missing, the last chunk asks for it.
    transfer.sent = Math.min(transfer.acknowledged, outgoing.last);
    this.#pump(outgoing, transfer);
  }

  /** Sends what the window allows, one chunk a turn: each in a frame of its own, which others may precede. */
  #pump(outgoing: Outgoing, transfer: Transfer): void {
    transfer.cancel();
    const isOpen = (): boolean => this.#fits(outgoing, transfer);
    if (isOpen() && !this.#sendNext(outgoing, transfer)) {
      transfer.cancel = this.#clock.after(fullMs, () => this.#pump(outgoing, transfer));
    } else if (isOpen()) {
      transfer.cancel = this.#clock.after(0, () => this.#pump(outgoing, transfer));
    } else if (transfer.acknowledged < outgoing.size) {
      transfer.cancel = this.#clock.after(resendMs, () => this.#again(outgoing, transfer));
    }
  }

  /** Whether the next chunk may be under way, too. */
  #fits({ chunks }: Outgoing, { to, sent, acknowledged }: Transfer): boolean {
    const next = chunks.get(sent);
    const windowBytes = this.#windowTo(to) * chunkBytes;
    return next !== undefined && sent + next.length <= acknowledged + windowBytes;
  }

  /** @returns false where the peer's queue does not take it. */
  #sendNext({ chunks, digest, size }: Outgoing, transfer: Transfer): boolean {
    const { to, ref, sent: offset } = transfer;
    const { group, shard, epoch, handoffId } = ref;
    const bytes = chunks.get(offset) as Uint8Array;
    const chunk: StateChunk = {
      ...{ tag: "state-chunk", handoffId, group, shard, epoch, offset, bytes },
      whole: digest === null ? null : { size, digest },
    };
    if (this.#transport.send(to.nodeId, "data", chunk, "handoff") !== "queued") return false;
    transfer.sent += bytes.length;
    return true;
  }

  /** @returns how many chunks one handoff to this node may have under way. */
  #windowTo({ incarnation }: NodeRef): number {
    let transfers = 0;
    for (const { transfer } of this.#outgoing.values()) {
      if (transfer?.to.incarnation === incarnation) transfers += 1;
    }
    return Math.max(fewestChunks, Math.min(mostChunks, Math.floor(peerChunks / transfers)));
  }

  #begin({ nodeId, incarnation }: NodeRef, chunk: StateChunk): Incoming | null {
    const { group, shard, epoch, handoffId, whole } = chunk;
    if (whole !== null && (whole.size < 1 || whole.size > stateLimitBytes)) {
      this.#events.bad(`handoff ${handoffId} announces ${whole.size} bytes`);
      return null;
    }
    const incoming = {
      ref: { group, shard, epoch, handoffId },
      from: { nodeId, incarnation },
      ...{ whole, hash: createHash("sha256") },
      ...{ received: 0, restored: 0, isWhole: false },
      cancel: this.#clock.after(unclaimedMs, () => this.forget(handoffId)),
    };
    this.#incoming.set(handoffId, incoming);
    return incoming;
  }

  #acknowledge({ from, ref, restored }: Incoming): void {
    const { handoffId } = ref;
    const message: StateTaken = { tag: "state-taken", handoffId, received: restored };
    this.#transport.send(from.nodeId, "data", message, "handoff");
  }
}
