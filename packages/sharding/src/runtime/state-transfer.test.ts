import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { ManualClock } from "../adapters/memory/manual-clock.ts";
import type { NodeRef } from "../core/ids.ts";
import type { StateChunk, StateTaken } from "../core/messages.ts";
import type { SendResult, Transport } from "../ports/transport.ts";
import { chunkBytes, type PackedState, packState } from "./entities/packed-state.ts";
import { StateTransfer } from "./state-transfer.ts";

const life = (nodeId: string): NodeRef => ({ nodeId, incarnation: `${nodeId}-1` });
const [source, target, third] = [life("source"), life("target"), life("third")];
const ref = { group: "default", shard: 1, epoch: 4, handoffId: "h-1" };
const packed = (text: string): PackedState =>
  packState([{ namespace: "default", type: "t", id: "a", state: text }]) as PackedState;
const small = packed("small");
/** Five chunks, the last one short. */
const large = packed("x".repeat(4.5 * chunkBytes));

/** One side of a transfer; `sent` is what it put on the wire. Its executor restores at once, or when it is told. */
function side(restoresAtOnce = true) {
  const clock = new ManualClock();
  const sent: { to: string; message: StateChunk | StateTaken }[] = [];
  const events: string[] = [];
  const pieces: Uint8Array[] = [];
  const results: SendResult[] = [];
  const send = (to: string, _channel: unknown, message: StateChunk | StateTaken) => {
    const result = results.shift() ?? "queued";
    if (result === "queued") sent.push({ to, message });
    return result;
  };
  const transfer: StateTransfer = new StateTransfer({ send } as unknown as Transport, clock, {
    carry: ({ handoffId }, bytes, received) => {
      pieces.push(bytes);
      if (restoresAtOnce) transfer.restored(handoffId, received);
    },
    discard: (handoffId) => events.push(`discard ${handoffId}`),
    arrived: ({ handoffId }) => events.push(`arrived ${handoffId}`),
    progressed: ({ handoffId }) => {
      events.push(`${transfer.progressOf(handoffId).moved} bytes of ${handoffId}`);
    },
    caughtUp: ({ handoffId }) => events.push(`caught up with ${handoffId}`),
    taken: (handoffId, from) => events.push(`taken ${handoffId} by ${from.nodeId}`),
    bad: (why) => events.push(why),
  });
  const offsets = () => sent.flatMap(({ message: m }) => (m.tag === "state-chunk" ? m.offset : []));
  return { clock, sent, events, pieces, results, transfer, offsets };
}

const sending = (state: PackedState) => {
  const made = side();
  made.transfer.keep(ref.handoffId, state);
  made.transfer.send(ref, target);
  made.clock.advance(0);
  return made;
};

function chunkOf({ chunks, digest, size }: PackedState, index = 0): StateChunk {
  const bytes = chunks[index] as Uint8Array;
  const whole = { digest, size };
  return { tag: "state-chunk", ...ref, offset: index * chunkBytes, whole, bytes };
}

const at = (...chunks: number[]): number[] => chunks.map((index) => index * chunkBytes);

const taken = (received: number): StateTaken => ({
  ...{ tag: "state-taken", handoffId: ref.handoffId },
  received,
});

describe("carried state", () => {
  it("is acknowledged again when it arrives twice", () => {
    const { transfer, sent, events, pieces } = side();
    expect(transfer.receiveChunk(source, chunkOf(small))).toBe(true);
    expect(transfer.receiveChunk(source, chunkOf(small))).toBe(true);
    expect(events).toEqual(["arrived h-1"]);
    expect(pieces).toHaveLength(1);
    expect(sent).toEqual(Array(2).fill({ to: "source", message: taken(small.size) }));
  });

  it("is whole only when every chunk came in order; what does not continue is answered with where it stands", () => {
    const { transfer, sent, events, pieces } = side();
    for (const index of [1, 0, 2, 0, 1, 2, 3]) transfer.receiveChunk(source, chunkOf(large, index));
    expect(events).toEqual([]);
    transfer.receiveChunk(source, chunkOf(large, 4));
    expect(events).toEqual(["arrived h-1"]);
    expect(pieces).toEqual(large.chunks);
    const said = sent.map(({ message }) => (message as StateTaken).received / chunkBytes);
    expect(said).toEqual([0, 1, 1, 1, 2, 3, 4, large.size / chunkBytes]);
  });

  it("comes from one node only: a third one can neither add to it nor learn that it is here", () => {
    const { transfer, sent, pieces } = side();
    expect(transfer.receiveChunk(source, chunkOf(small))).toBe(true);
    expect(transfer.receiveChunk(third, chunkOf(packed("other")))).toBe(false);
    expect(sent.map(({ to }) => to)).toEqual(["source"]);
    expect(pieces).toEqual(small.chunks);
  });

  it("is sent again until its target has taken it, whatever others say", () => {
    const { transfer, sent, events, clock } = sending(small);
    expect(transfer.receiveTaken(third, taken(small.size))).toBe(false);
    clock.advance(3_000);
    expect(sent).toHaveLength(2);
    expect(transfer.receiveTaken(target, taken(small.size))).toBe(true);
    clock.advance(10_000);
    transfer.resume(target);
    expect(sent).toHaveLength(2);
    expect(events).toEqual(["taken h-1 by target"]);
  });

  it("has four chunks under way at most, each sent in a turn of its own, and goes on as they are taken", () => {
    const { transfer, offsets, clock, events } = side();
    transfer.keep(ref.handoffId, large);
    transfer.send(ref, target);
    expect(offsets()).toEqual([0]);
    clock.advance(0);
    expect(offsets()).toEqual(at(0, 1, 2, 3));
    transfer.receiveTaken(target, taken(chunkBytes));
    expect(events).toEqual([`${chunkBytes} bytes of h-1`]);
    expect(transfer.progressOf("h-1")).toEqual({ size: large.size, moved: chunkBytes });
    clock.advance(0);
    expect(offsets()).toEqual(at(0, 1, 2, 3, 4));
  });

  it("has two under way where many shards go to one node", () => {
    const { transfer, sent, clock } = side();
    for (let shard = 0; shard < 17; shard += 1) {
      transfer.keep(`h-${shard}`, large);
      transfer.send({ ...ref, shard, handoffId: `h-${shard}` }, target);
    }
    clock.advance(0);
    const last = sent.filter(({ message }) => message.handoffId === "h-16");
    expect(last).toHaveLength(2);
  });

  it("goes on from what was taken when the connection comes back, and asks for the last word by its last chunk", () => {
    const { transfer, offsets, clock } = sending(large);
    transfer.receiveTaken(target, taken(3 * chunkBytes));
    clock.advance(0);
    transfer.resume(target);
    clock.advance(0);
    expect(offsets()).toEqual(at(0, 1, 2, 3, 4, 3, 4));
    transfer.receiveTaken(target, taken(4 * chunkBytes));
    transfer.resume(target);
    expect(offsets().slice(7)).toEqual(at(4));
  });

  it("begins anew where its target has forgotten what it had", () => {
    const { transfer, offsets, clock } = sending(large);
    transfer.receiveTaken(target, taken(2 * chunkBytes));
    transfer.receiveTaken(target, taken(0));
    clock.advance(0);
    expect(offsets()).toEqual(at(0, 1, 2, 3, 4, 0, 1, 2, 3));
  });

  it("goes ahead as it is copied, and on from there when it is captured", () => {
    const { transfer, sent, events, clock } = side();
    const [first, second, ...rest] = large.chunks as [Uint8Array, Uint8Array];
    transfer.sendAhead(ref, target, [first]);
    expect(sent.map(({ message }) => message)).toMatchObject([{ offset: 0, whole: null }]);
    expect(transfer.progressOf("h-1")).toEqual({ size: chunkBytes, moved: 0 });
    transfer.receiveTaken(target, taken(chunkBytes));
    transfer.receiveTaken(target, taken(chunkBytes));
    expect(events.splice(0)).toEqual(["caught up with h-1"]);
    clock.advance(10_000);
    transfer.resume(target);
    expect(sent).toHaveLength(1);
    transfer.sendAhead(ref, target, [second]);
    transfer.receiveTaken(target, taken(2 * chunkBytes));
    expect(events.splice(0)).toEqual(["caught up with h-1"]);
    transfer.keep("h-1", { ...large, chunks: rest });
    transfer.send(ref, target);
    clock.advance(0);
    const { digest, size } = large;
    expect(sent.slice(2).map(({ message }) => message)).toMatchObject(
      [2, 3, 4].map((index) => ({ offset: index * chunkBytes, whole: { digest, size } })),
    );
    transfer.receiveTaken(target, taken(size));
    expect(events).toEqual(["taken h-1 by target"]);
  });

  it("that goes ahead is lost with its connection, and sent again", () => {
    const { transfer, offsets } = side();
    transfer.sendAhead(ref, target, large.chunks.slice(0, 1));
    transfer.resume(target);
    expect(offsets()).toEqual(at(0, 0));
  });

  it("that comes ahead is not whole before its source says so, whatever its size", () => {
    const { transfer, events, sent } = side();
    const { digest, size } = small;
    transfer.receiveChunk(source, { ...chunkOf(small), whole: null });
    expect([events, sent.length]).toEqual([[], 1]);
    const [bytes] = small.chunks as [Uint8Array];
    const whole = {
      size: 2 * size,
      digest: createHash("sha256").update(bytes).update(bytes).digest("hex"),
    };
    transfer.receiveChunk(source, { ...chunkOf(small), offset: size, whole });
    expect(events).toEqual(["arrived h-1"]);
    expect(digest).not.toBe(whole.digest);
  });

  it("waits a moment where the peer's queue is full", () => {
    const { transfer, offsets, clock, results } = side();
    transfer.keep(ref.handoffId, large);
    results.push("queued", "full");
    transfer.send(ref, target);
    clock.advance(9);
    expect(offsets()).toEqual(at(0));
    clock.advance(1);
    expect(offsets()).toEqual(at(0, 1, 2, 3));
  });

  it("takes no word for more than was sent, or for a part of a chunk", () => {
    const { transfer, offsets, events } = sending(large);
    for (const received of [5, large.size + 1, 100 * chunkBytes]) {
      transfer.receiveTaken(target, taken(received));
    }
    expect([offsets(), events]).toEqual([at(0, 1, 2, 3), []]);
  });

  it("is not taken faster than it is restored: what is beyond four chunks is not kept", () => {
    const { transfer, pieces } = side(false);
    for (let index = 0; index < 5; index += 1) transfer.receiveChunk(source, chunkOf(large, index));
    expect(pieces).toHaveLength(4);
    transfer.restored("h-1", chunkBytes);
    transfer.receiveChunk(source, chunkOf(large, 4));
    expect(pieces).toHaveLength(5);
  });

  it("with another digest than announced is forgotten", () => {
    const { transfer, sent, events } = side();
    const chunk = chunkOf(small);
    const bytes = chunk.bytes.slice();
    bytes[0] = (bytes[0] ?? 0) ^ 1;
    transfer.receiveChunk(source, { ...chunk, bytes });
    expect(events).toEqual(["discard h-1", "handoff h-1 arrived with another digest"]);
    expect(sent).toEqual([]);
    expect(transfer.stats()).toEqual({ outgoing: 0, incoming: 0 });
  });

  it("that the executor cannot restore is forgotten, and said", () => {
    const { transfer, events, sent } = side(false);
    transfer.receiveChunk(source, chunkOf(small));
    transfer.unreadable("h-1", "a record that is no entity");
    expect(events).toEqual([
      "discard h-1",
      "handoff h-1 cannot be restored: a record that is no entity",
    ]);
    expect(sent).toEqual([]);
  });

  it("that nobody claims is forgotten after a minute", () => {
    const { transfer, clock, events } = side();
    transfer.receiveChunk(source, chunkOf(large));
    clock.advance(60_000);
    expect(events).toEqual(["discard h-1"]);
    expect(transfer.stats()).toEqual({ outgoing: 0, incoming: 0 });
  });
});
