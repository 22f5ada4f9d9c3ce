import { expect, test } from "vitest";
import { ManualClock } from "../adapters/memory/manual-clock.ts";
import type { WarmEntity } from "../core/messages.ts";
import type { Transport } from "../ports/transport.ts";
import { WarmStates } from "./warm-states.ts";

const entity: WarmEntity = {
  ...{ namespace: "default", type: "account", id: "a", state: 7, version: 3, unkept: 3 },
};
const message = (shard: number, epoch: number) =>
  ({ tag: "warm-state", group: "default", shard, epoch, entities: [entity] }) as const;
const ref = { group: "default", shard: 0 };

function create() {
  const clock = new ManualClock();
  const sent: unknown[] = [];
  const transport = {
    send: (...all: unknown[]) => sent.push(all),
  } as unknown as Transport;
  return { clock, sent, warm: new WarmStates(transport, clock) };
}

test("what came is there once, for the next epoch alone", () => {
  const { warm } = create();
  warm.receive(message(0, 4));
  expect(warm.take({ group: "default", shard: 1 }, 5)).toEqual([]);
  expect(warm.take(ref, 5)).toEqual([entity]);
  expect(warm.take(ref, 5)).toEqual([]);
  warm.receive(message(0, 4));
  expect(warm.take(ref, 6)).toEqual([]);
});

test("the later one counts, and neither stays for long", () => {
  const { warm, clock } = create();
  warm.receive(message(0, 4));
  warm.receive({ ...message(0, 6), entities: [] });
  expect(warm.take(ref, 5)).toEqual([]);
  warm.receive(message(0, 4));
  clock.advance(10_000);
  expect(warm.take(ref, 5)).toEqual([]);
});

test("no more than 256 shards wait", () => {
  const { warm } = create();
  for (let shard = 0; shard < 300; shard += 1) warm.receive(message(shard, 1));
  const took = Array.from({ length: 300 }, (_, shard) => warm.take({ ...ref, shard }, 2).length);
  expect(took.filter((count) => count > 0)).toHaveLength(256);
});

test("nothing is sent where there is nothing", () => {
  const { warm, sent } = create();
  const to = { nodeId: "b", incarnation: "b-1" };
  warm.send(ref, 4, to, []);
  expect(sent).toEqual([]);
  warm.send(ref, 4, to, [entity]);
  expect(sent).toEqual([["b", "data", message(0, 4), "handoff"]]);
});
