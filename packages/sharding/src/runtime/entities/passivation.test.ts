import { describe, expect, test } from "vitest";
import { z } from "zod";
import { command, defineEntity, type EntitySpec } from "./definition.ts";
import { ExecutorHarness, turns } from "./executor-harness.ts";

type Options = Pick<EntitySpec<unknown, unknown>, "passivateAfterMs" | "residentLimit">;

function home(options: Options) {
  const gates: (() => void)[] = [];
  let starts = 0;
  const Box = defineEntity("box", {
    state: () => {
      starts += 1;
      return { value: 0 };
    },
    ...options,
    commands: {
      set: command(z.number(), ({ state }, value) => {
        state.value = value;
      }),
      get: command(({ state }) => state.value),
      wait: command(async ({ state }) => {
        await new Promise<void>((resolve) => gates.push(resolve));
        return state.value;
      }),
    },
  });
  const harness = new ExecutorHarness([Box]);
  harness.open();
  const resident = () => harness.executor.stats().entities;
  return { harness, resident, starts: () => starts, release: () => gates.shift()?.() };
}

const minute = 60_000;

describe("by idle time", () => {
  test("an entity in its initial state is unloaded after ten minutes, which nobody can notice", () => {
    const { harness, resident } = home({});
    harness.ask("box", "a", "get");
    harness.clock.advance(9 * minute);
    expect(resident()).toBe(1);
    harness.clock.advance(2 * minute);
    expect(resident()).toBe(0);
    expect(harness.executor.describe()).toMatchObject([{ entities: 0 }]);
    expect(harness.ask("box", "a", "get")).toBe("ok 0");
  });

  test("a state that differs is never forgotten where the definition does not allow it", () => {
    const { harness } = home({});
    harness.ask("box", "a", "set", 7);
    harness.clock.advance(600 * minute);
    expect(harness.ask("box", "a", "get")).toBe("ok 7");
  });

  test("a definition with passivateAfterMs is forgotten after it, and not before", () => {
    const { harness, resident } = home({ passivateAfterMs: 1000 });
    harness.ask("box", "a", "set", 7);
    harness.clock.advance(900);
    expect(harness.ask("box", "a", "get")).toBe("ok 7");
    harness.clock.advance(900);
    expect(harness.ask("box", "a", "get")).toBe("ok 7");
    harness.clock.advance(1200);
    expect(resident()).toBe(0);
    expect(harness.ask("box", "a", "get")).toBe("ok 0");
  });

  test("an entity that is busy or has something waiting stays", async () => {
    const { harness, resident, release } = home({ passivateAfterMs: 1000 });
    harness.ask("box", "a", "set", 7);
    const running = harness.send("box", "a", "wait");
    const queued = harness.send("box", "a", "get");
    harness.clock.advance(10_000);
    expect(resident()).toBe(1);
    release();
    await turns();
    expect([running, queued].map((id) => harness.outcome(id))).toEqual(["ok 7", "ok 7"]);
  });

  test("the state of a frozen shard stays until it is known who serves next", () => {
    const { harness } = home({ passivateAfterMs: 1000 });
    harness.ask("box", "a", "set", 7);
    harness.drain();
    harness.clock.advance(900_000);
    harness.reopen(2);
    expect(harness.ask("box", "a", "get")).toBe("ok 7");
  });

  test("a message after the unloading loads the entity again: none is lost", () => {
    const { harness, starts } = home({ passivateAfterMs: 1000 });
    harness.ask("box", "a", "get");
    harness.clock.advance(2000);
    expect(harness.ask("box", "a", "get")).toBe("ok 0");
    expect(starts()).toBe(2);
  });

  test("no timer is left when everything is unloaded", () => {
    const { harness } = home({ passivateAfterMs: 1000 });
    for (let id = 0; id < 1200; id += 1) harness.ask("box", `b${id}`, "get");
    expect(harness.clock.timers).toBe(1);
    harness.clock.advance(3000);
    expect(harness.executor.stats().entities).toBe(0);
    expect(harness.clock.timers).toBe(0);
  });
});

describe("by limit", () => {
  test("the least recently used one makes room where it may be forgotten", () => {
    const { harness, resident } = home({ passivateAfterMs: minute, residentLimit: 2 });
    harness.ask("box", "a", "set", 1);
    harness.ask("box", "b", "set", 2);
    harness.ask("box", "a", "get");
    harness.ask("box", "c", "set", 3);
    expect(resident()).toBe(2);
    expect(harness.ask("box", "a", "get")).toBe("ok 1");
    expect(harness.ask("box", "c", "get")).toBe("ok 3");
    expect(harness.ask("box", "b", "get")).toBe("ok 0");
  });

  test("new ids are refused where nothing may be forgotten; those loaded go on", () => {
    const { harness } = home({ residentLimit: 2 });
    harness.ask("box", "a", "set", 1);
    harness.ask("box", "b", "set", 2);
    expect(harness.ask("box", "c", "get")).toBe("OVERLOADED executed=no");
    expect(harness.ask("box", "a", "get")).toBe("ok 1");
    expect(harness.executor.describe()).toMatchObject([{ entities: 2 }]);
  });

  test("an entity in its initial state makes room without being allowed to", () => {
    const { harness } = home({ residentLimit: 2 });
    harness.ask("box", "a", "set", 1);
    harness.ask("box", "b", "get");
    expect(harness.ask("box", "c", "set", 3)).toBe("ok null");
    expect(harness.ask("box", "a", "get")).toBe("ok 1");
  });

  test("a busy one does not make room", async () => {
    const { harness, release } = home({ passivateAfterMs: minute, residentLimit: 1 });
    const running = harness.send("box", "a", "wait");
    expect(harness.ask("box", "b", "get")).toBe("OVERLOADED executed=no");
    release();
    await turns();
    expect(harness.outcome(running)).toBe("ok 0");
    expect(harness.ask("box", "b", "get")).toBe("ok 0");
  });

  test("carried entities are taken beyond the limit: their state has no other copy", () => {
    const { harness, resident } = home({ residentLimit: 1 });
    const state = { value: 5 };
    const carried = ["a", "b", "c"].map((id) => ({ namespace: "default", type: "box", id, state }));
    harness.open(2, carried);
    expect(resident()).toBe(3);
    expect(harness.ask("box", "c", "get")).toBe("ok 5");
  });
});

test("an entity whose state cannot be made says so, and runs nothing", () => {
  const harness = new ExecutorHarness([
    defineEntity("broken", {
      state: () => {
        throw new Error("no seed");
      },
      commands: { get: command(() => 1) },
    }),
    defineEntity("unplain", { state: () => new Map(), commands: { get: command(() => 1) } }),
  ]);
  harness.open();
  const replies = ["broken", "unplain"].map((type) =>
    harness.replyOf(harness.send(type, "a", "get")),
  );
  expect(replies).toMatchObject([
    {
      error: { code: "COMMAND_FAILED", executed: "no", message: expect.stringMatching("no seed") },
    },
    { error: { code: "COMMAND_FAILED", executed: "no", message: expect.stringMatching("a Map") } },
  ]);
  expect(harness.executor.describe()).toMatchObject([{ entities: 0 }]);
});
