import { expectTypeOf, test } from "vitest";
import { z } from "zod";
import type { ShardingNode } from "../node-api.ts";
import { command, defineEntity, type EntityClient } from "../runtime/entities/definition.ts";
import type { Client } from "./create-client.ts";

const Counter = defineEntity("counter", {
  state: () => ({ value: 0 }),
  commands: {
    add: command(z.object({ by: z.number() }), ({ state }, { by }) => (state.value += by)),
    get: command(({ state }) => state.value),
  },
});

declare const client: Client;
declare const node: ShardingNode;

test("a client's entity has the type that a node's has", () => {
  const ofClient = () => client.entity(Counter, "c", { key: "k", namespace: "n", deadlineMs: 1 });
  const ofNode = () => node.entity(Counter, "c");
  expectTypeOf(ofClient).returns.toEqualTypeOf<EntityClient<typeof Counter>>();
  expectTypeOf(ofClient).returns.toEqualTypeOf<ReturnType<typeof ofNode>>();
  // @ts-expect-error the schema wants a number.
  expectTypeOf(ofClient).returns.toHaveProperty("add").toBeCallableWith({ by: "1" });
});

test("so has an entity that is named, by the type of its definition", () => {
  const named = () => client.entity<typeof Counter>("counter", "c");
  expectTypeOf(named).returns.toEqualTypeOf<EntityClient<typeof Counter>>();
  const unnamed = () => client.entity("counter", "c");
  // @ts-expect-error nothing is known of its commands.
  const call = () => unnamed().add({ by: 1 });
  expectTypeOf(call).toBeFunction();
});

test("an untyped ask takes and gives what a node's does", () => {
  expectTypeOf<Client["ask"]>().toEqualTypeOf<ShardingNode["ask"]>();
});
