import { describe, expect, it } from "vitest";
import { ManualClock } from "../adapters/memory/manual-clock.ts";
import type { NodeRef } from "../core/ids.ts";
import type { StateChunk } from "../core/messages.ts";
import type { Transport } from "../ports/transport.ts";
import { StateTransfer } from "./state-transfer.ts";

const life = (nodeId: string): NodeRef => ({ nodeId, incarnation: `${nodeId}-1` });
const [source, target, third] = [life("source"), life("target"), life("third")];
const ref = { group: "default", shard: 1, epoch: 4, handoffId: "h-1" };
const entities = [{ namespace: "default", type: "t", id: "a", state: { value: 7 } }];

/** One side of a transfer; `sent` is what it put on the wire. */
function side() {
  const clock = new ManualClock();
  const sent: { to: string; message: unknown }[] = [];
  const events: string[] = [];
  const send = (to: string, _channel: unknown, message: unknown) => {
    sent.push({ to, message });
    return "queued";
  };
  const transfer = new StateTransfer({ send } as unknown as Transport, clock, {
    arrived: ({ handoffId }) => events.push(`arrived ${handoffId}`),
    taken: (handoffId, from) => events.push(`taken ${handoffId} by ${from.nodeId}`),
    bad: (why) => events.push(why),
  });
  return { clock, sent, events, transfer };
}

/** The one chunk that carries the state. */
function chunkOf(state: typeof entities): StateChunk {
  const { transfer, sent } = side();
  transfer.keep(ref.handoffId, state as never);
  transfer.send(ref, target);
  return sent[0]?.message as StateChunk;
}

describe("carried state", () => {
  it("is acknowledged again when it arrives twice", () => {
    const { transfer, sent, events } = side();
    const chunk = chunkOf(entities);
    expect(transfer.receiveChunk(source, chunk)).toBe(true);
    expect(transfer.receiveChunk(source, chunk)).toBe(true);
    expect(events).toEqual(["arrived h-1"]);
    expect(sent.map(({ to }) => to)).toEqual(["source", "source"]);
  });

  it("is whole only when every chunk came in order, from an attempt's beginning on", () => {
    const { transfer, events } = side();
    const whole = chunkOf(entities);
    const half = Math.floor(whole.size / 2);
    const first = { ...whole, bytes: whole.bytes.subarray(0, half) };
    const second = { ...whole, offset: half, bytes: whole.bytes.subarray(half) };
    for (const chunk of [second, first, first]) transfer.receiveChunk(source, chunk);
    expect(events).toEqual([]);
    transfer.receiveChunk(source, second);
    expect(events).toEqual(["arrived h-1"]);
    expect(transfer.open(ref.handoffId)).toEqual(entities);
  });

  it("comes from one node only: a third one can neither add to it nor learn that it is here", () => {
    const { transfer, sent } = side();
    expect(transfer.receiveChunk(source, chunkOf(entities))).toBe(true);
    const other = chunkOf([{ ...(entities[0] as (typeof entities)[0]), state: { value: 0 } }]);
    expect(transfer.receiveChunk(third, other)).toBe(false);
    expect(sent.map(({ to }) => to)).toEqual(["source"]);
    expect(transfer.open(ref.handoffId)).toEqual(entities);
  });

  it("is sent again until its target has taken it, whatever others say", () => {
    const { transfer, sent, events, clock } = side();
    transfer.keep(ref.handoffId, entities as never);
    transfer.send(ref, target);
    expect(transfer.receiveTaken(third, { tag: "state-taken", handoffId: "h-1" })).toBe(false);
    clock.advance(3_000);
    expect(sent).toHaveLength(2);
    expect(transfer.receiveTaken(target, { tag: "state-taken", handoffId: "h-1" })).toBe(true);
    clock.advance(10_000);
    expect(sent).toHaveLength(2);
    expect(events).toEqual(["taken h-1 by target"]);
  });

  it("with another digest than announced is forgotten", () => {
    const { transfer, sent, events } = side();
    const chunk = chunkOf(entities);
    const bytes = chunk.bytes.slice();
    bytes[0] = (bytes[0] ?? 0) ^ 1;
    transfer.receiveChunk(source, { ...chunk, bytes });
    expect(events).toEqual(["handoff h-1 arrived with another digest"]);
    expect(sent).toEqual([]);
  });
});
