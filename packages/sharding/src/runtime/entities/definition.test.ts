import { describe, expect, test } from "vitest";
import { z } from "zod";
import { OptionsError } from "../../errors.ts";
import { catalogOf } from "./catalog.ts";
import { createEntityClient } from "./client.ts";
import { command, defineEntity } from "./definition.ts";

const get = command(() => 1);
const define = (type: string, spec: object = {}) =>
  defineEntity(type, { state: () => ({}), commands: { get }, ...spec });

describe("defineEntity", () => {
  test("fills in the defaults", () => {
    expect(define("counter")).toMatchObject({
      type: "counter",
      group: "default",
      passivateAfterMs: 600_000,
      mayForget: false,
      residentLimit: 100_000,
      mailboxLimit: 1024,
      restoreOnThrow: true,
      snapshotEvery: 100,
      stateVersion: 1,
      keepEvents: null,
      upcasts: {},
    });
  });

  test("a definition that says when to passivate may be forgotten", () => {
    expect(define("counter", { passivateAfterMs: 5 })).toMatchObject({
      passivateAfterMs: 5,
      mayForget: true,
    });
  });

  test.each([
    ["an empty type", () => define(""), /Bad entity type ""/],
    ["a type with a slash", () => define("a/b"), /Bad entity type "a\/b"/],
    ["a bad group", () => define("a", { group: "-" }), /Bad group of entity type "a" "-"/],
    ["no commands", () => define("a", { commands: {} }), /"a" has no commands/],
    ["a reserved command", () => define("a", { commands: { catch: get } }), /"catch" is reserved/],
    ["a plain function", () => define("a", { commands: { b: () => 1 } }), /"b" was not made by/],
    [
      "something that is no schema",
      () => define("a", { commands: { b: command({} as never, () => 1) } }),
      /schema of "b" is not a Standard Schema/,
    ],
    ["no state", () => define("a", { state: {} }), /state must be a function/],
    ["an empty mailbox", () => define("a", { mailboxLimit: 0 }), /mailboxLimit \(0\)/],
    ["no residents", () => define("a", { residentLimit: Number.NaN }), /residentLimit \(NaN\)/],
    ["no events between snapshots", () => define("a", { snapshotEvery: 0 }), /snapshotEvery \(0\)/],
    ["half a state version", () => define("a", { stateVersion: 1.5 }), /stateVersion \(1.5\)/],
    ["fewer events than none", () => define("a", { keepEvents: -1 }), /keepEvents \(-1\)/],
    [
      "upcasts of an event that there is not",
      () => define("a", { events: { b: () => 1 }, upcasts: { c: [] } }),
      /upcasts names "c", which is no event/,
    ],
    [
      "upcasts that are no list of functions",
      () => define("a", { events: { b: () => 1 }, upcasts: { b: [1] } }),
      /upcasts of "b" must be a list of functions/,
    ],
    ["no idle time", () => define("a", { passivateAfterMs: 0 }), /passivateAfterMs \(0\)/],
  ])("refuses %s", (_what, make, message) => {
    expect(make).toThrow(OptionsError);
    expect(make).toThrow(message);
  });
});

describe("catalogOf", () => {
  test("lists each group once, default always", () => {
    const catalog = catalogOf([define("a", { group: "rooms" }), define("b", { group: "rooms" })], {
      shards: 8,
      strategy: "rendezvous",
    });
    expect(catalog.groups).toEqual([
      { group: "default", shards: 8, strategy: "rendezvous" },
      { group: "rooms", shards: 8, strategy: "rendezvous" },
    ]);
    expect([...catalog.types.keys()]).toEqual(["a", "b"]);
  });

  test("refuses two definitions of one type", () => {
    expect(() => catalogOf([define("a"), define("a")])).toThrow(/"a"; a type names one definition/);
  });
});

describe("createEntityClient", () => {
  const Counter = defineEntity("counter", {
    state: () => ({ value: 0 }),
    commands: {
      add: command(z.object({ by: z.number() }), ({ state }, { by }) => (state.value += by)),
      get: command(({ state }) => state.value),
    },
  });

  test("sends each command under its name", async () => {
    const sent: unknown[] = [];
    const client = createEntityClient(Counter, async (name, input) => {
      sent.push([name, input]);
      return 7;
    });
    expect(await client.add({ by: 2 })).toBe(7);
    expect(await client.get()).toBe(7);
    expect(sent).toEqual([
      ["add", { by: 2 }],
      ["get", undefined],
    ]);
  });

  test("is not a promise, and has nothing but the commands", async () => {
    const client = createEntityClient(Counter, async () => 1);
    expect(await client).toBe(client);
    expect(JSON.stringify(client)).toBe("{}");
    expect("reset" in client).toBe(false);
  });
});
