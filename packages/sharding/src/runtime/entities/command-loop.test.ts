import type { StandardSchemaV1 } from "@standard-schema/spec";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { CancelledError } from "../../errors.ts";
import type { CommandContext } from "./command.ts";
import { command, defineEntity } from "./definition.ts";
import { ExecutorHarness, turns } from "./executor-harness.ts";

/** Handlers and validators that end when the test says so, in the order in which they began. */
function workshop() {
  const gates: { resolve: (value: unknown) => void; reject: (error: unknown) => void }[] = [];
  const pass = () => new Promise((resolve, reject) => gates.push({ resolve, reject }));
  const seen: CommandContext<{ value: number }>[] = [];
  const slow: StandardSchemaV1<number, number> = {
    "~standard": {
      version: 1,
      vendor: "test",
      validate: async (value) => {
        await pass();
        return typeof value === "number" ? { value } : { issues: [{ message: "no number" }] };
      },
    },
  };
  const Work = defineEntity("work", {
    state: () => ({ value: 0 }),
    mailboxLimit: 3,
    commands: {
      now: command(z.number(), ({ state }, by) => {
        state.value = state.value * 10 + by;
        return state.value;
      }),
      later: command(z.number(), async (context, by) => {
        seen.push(context);
        context.state.value = context.state.value * 10 + by;
        await pass();
        return context.state.value;
      }),
      checked: command(slow, ({ state }, by) => {
        state.value = state.value * 10 + by;
        return state.value;
      }),
      untilAborted: command(async ({ signal }) => {
        await new Promise((_resolve, reject) => {
          signal.addEventListener("abort", () => reject(signal.reason));
        });
      }),
    },
  });
  const harness = new ExecutorHarness([Work]);
  harness.open();
  return {
    harness,
    seen,
    Work,
    release: async () => {
      gates.shift()?.resolve(undefined);
      await turns();
    },
    fail: async (error: unknown) => {
      gates.shift()?.reject(error);
      await turns();
    },
  };
}

describe("one at a time", () => {
  test("a command waits for the one before it, also where it could answer at once", async () => {
    const { harness, release } = workshop();
    const first = harness.send("work", "a", "later", 1);
    const second = harness.send("work", "a", "now", 2);
    const third = harness.send("work", "a", "later", 3);
    expect([first, second, third].map((id) => harness.outcome(id))).toEqual([
      "none",
      "none",
      "none",
    ]);
    await release();
    expect([first, second, third].map((id) => harness.outcome(id))).toEqual([
      "ok 1",
      "ok 12",
      "none",
    ]);
    await release();
    expect(harness.outcome(third)).toBe("ok 123");
  });

  test("other entities do not wait", async () => {
    const { harness } = workshop();
    harness.send("work", "a", "later", 1);
    expect(harness.ask("work", "b", "now", 2)).toBe("ok 2");
    expect(harness.executor.stats()).toEqual({ entities: 2, waiting: 0, running: 1 });
  });

  test("a full mailbox refuses, and takes again when there is room", async () => {
    const { harness, release } = workshop();
    harness.send("work", "a", "later", 1);
    for (const by of [2, 3, 4]) harness.send("work", "a", "now", by);
    expect(harness.executor.stats().waiting).toBe(3);
    expect(harness.ask("work", "a", "now", 5)).toBe("OVERLOADED executed=no");
    await release();
    expect(harness.ask("work", "a", "now", 5)).toBe("ok 12345");
  });

  test("a handler that rejects leaves no trace, and the next one goes on", async () => {
    const { harness, fail } = workshop();
    const first = harness.send("work", "a", "later", 1);
    const second = harness.send("work", "a", "now", 2);
    await fail(new Error("broken"));
    expect(harness.replyOf(first)).toMatchObject({
      error: { code: "COMMAND_FAILED", message: "broken", executed: "yes" },
    });
    expect(harness.outcome(second)).toBe("ok 2");
  });

  test("a request that a reply provokes waits behind those that are already there", async () => {
    const { harness, release } = workshop();
    const first = harness.send("work", "a", "later", 1);
    const second = harness.send("work", "a", "now", 2);
    const provoked: number[] = [];
    harness.executor.onMessage((message) => {
      if (message.tag === "reply" && message.requestId === first) {
        provoked.push(harness.send("work", "a", "now", 3));
      }
    });
    await release();
    expect(harness.outcome(second)).toBe("ok 12");
    expect(provoked.map((id) => harness.outcome(id))).toEqual(["ok 123"]);
  });
});

describe("an asynchronous validator", () => {
  test("keeps the order of commands", async () => {
    const { harness, release } = workshop();
    const first = harness.send("work", "a", "checked", 1);
    const second = harness.send("work", "a", "now", 2);
    expect(harness.outcome(second)).toBe("none");
    await release();
    expect([first, second].map((id) => harness.outcome(id))).toEqual(["ok 1", "ok 12"]);
  });

  test("that refuses leaves no entity behind", async () => {
    const { harness, release } = workshop();
    const refused = harness.send("work", "a", "checked", "x");
    await release();
    expect(harness.replyOf(refused)).toMatchObject({
      error: { code: "COMMAND_INVALID", issues: [{ path: "", message: "no number" }] },
    });
    expect(harness.executor.describe()).toMatchObject([{ entities: 0 }]);
  });

  test("that fails is a failure before the handler", async () => {
    const { harness, fail } = workshop();
    const failed = harness.send("work", "a", "checked", 1);
    await fail(new Error("no connection"));
    expect(harness.replyOf(failed)).toMatchObject({
      error: { code: "COMMAND_FAILED", executed: "no" },
    });
  });

  test("is not waited for when its shard drains: the command has not started", async () => {
    const { harness, release } = workshop();
    const checking = harness.send("work", "a", "checked", 1);
    const queued = harness.send("work", "a", "now", 2);
    harness.drain();
    expect(harness.outcome(checking)).toBe("bounce");
    expect(harness.outcome(queued)).toBe("bounce");
    expect(harness.about()).toMatchObject([{ tag: "captured", entities: [] }]);
    await release();
    expect(harness.outcome(checking)).toBe("bounce");
  });
});

describe("cancel", () => {
  test("takes a waiting command out", async () => {
    const { harness, release } = workshop();
    harness.send("work", "a", "later", 1);
    const queued = harness.send("work", "a", "now", 2);
    const behind = harness.send("work", "a", "now", 3);
    harness.cancel(queued);
    expect(harness.outcome(queued)).toBe("CANCELLED executed=no");
    await release();
    expect(harness.outcome(behind)).toBe("ok 13");
  });

  test("aborts the signal of a running one, whose reply still counts", async () => {
    const { harness, seen, release } = workshop();
    const running = harness.send("work", "a", "later", 1);
    harness.cancel(running);
    expect(harness.outcome(running)).toBe("none");
    expect(seen[0]?.signal.aborted).toBe(true);
    expect(seen[0]?.signal.reason).toBeInstanceOf(CancelledError);
    await release();
    expect(harness.outcome(running)).toBe("ok 1");
  });

  test("reaches a handler that already listens", async () => {
    const { harness } = workshop();
    const running = harness.send("work", "a", "untilAborted");
    harness.cancel(running);
    await turns();
    expect(harness.outcome(running)).toBe("CANCELLED executed=yes");
  });

  test("ends a check of input; what waits goes on, before what comes later", async () => {
    const { harness, release } = workshop();
    const checking = harness.send("work", "a", "checked", 1);
    const queued = harness.send("work", "a", "now", 2);
    const later: number[] = [];
    harness.executor.onMessage((message) => {
      if (message.tag === "reply" && message.requestId === checking) {
        later.push(harness.send("work", "a", "now", 3));
      }
    });
    harness.cancel(checking);
    expect(harness.outcome(checking)).toBe("CANCELLED executed=no");
    expect(harness.outcome(queued)).toBe("ok 2");
    expect(later.map((id) => harness.outcome(id))).toEqual(["ok 23"]);
    await release();
    expect(harness.ask("work", "a", "now", 4)).toBe("ok 234");
  });

  test("of what is answered, or was never here, does nothing", () => {
    const { harness } = workshop();
    const done = harness.send("work", "a", "now", 1);
    harness.cancel(done);
    harness.cancel(999);
    expect(harness.outcome(done)).toBe("ok 1");
  });
});

describe("deadlines", () => {
  test("a command that waits beyond its deadline is answered then, not when its turn comes", () => {
    const { harness } = workshop();
    harness.send("work", "a", "later", 1);
    const hurried = harness.send("work", "a", "now", 2, { deadlineMs: 100 });
    const patient = harness.send("work", "a", "now", 3, { deadlineMs: 10_000 });
    harness.clock.advance(90);
    expect(harness.outcome(hurried)).toBe("none");
    harness.clock.advance(60);
    expect(harness.outcome(hurried)).toBe("DEADLINE_EXCEEDED executed=no");
    expect(harness.outcome(patient)).toBe("none");
  });

  test("a command that runs beyond its deadline is answered with its result", async () => {
    const { harness, release } = workshop();
    const late = harness.send("work", "a", "later", 1, { deadlineMs: 10 });
    harness.clock.advance(1000);
    await release();
    expect(harness.outcome(late)).toBe("ok 1");
  });

  test("no timer runs while nothing waits and nothing is loaded", () => {
    const { harness } = workshop();
    expect(harness.clock.timers).toBe(0);
  });
});

describe("the guard", () => {
  test("refuses before the start: bounced, and the entity is forgotten with what waits", async () => {
    const { harness, release } = workshop();
    harness.ask("work", "a", "now", 7);
    const running = harness.send("work", "b", "checked", 1);
    const queued = harness.send("work", "b", "now", 2);
    harness.mayServe = () => false;
    expect(harness.ask("work", "a", "now", 1)).toBe("bounce");
    await release();
    expect([running, queued].map((id) => harness.outcome(id))).toEqual(["bounce", "bounce"]);
    expect(harness.executor.stats().entities).toBe(0);
    harness.mayServe = () => true;
    expect(harness.ask("work", "a", "now", 1)).toBe("ok 1");
  });

  test("failing while a handler runs: its effects are not adopted, its outcome is unknown", async () => {
    const { harness, release } = workshop();
    harness.ask("work", "a", "now", 7);
    const running = harness.send("work", "a", "later", 1);
    const queued = harness.send("work", "a", "now", 2);
    harness.mayServe = () => false;
    await release();
    expect(harness.outcome(running)).toBe("OUTCOME_UNKNOWN executed=unknown");
    expect(harness.outcome(queued)).toBe("bounce");
    expect(harness.executor.stats()).toEqual({ entities: 0, waiting: 0, running: 0 });
  });

  test("failing within a synchronous handler counts too", () => {
    const harness = new ExecutorHarness([
      defineEntity("long", {
        state: () => ({}),
        commands: {
          run: command(() => {
            harness.mayServe = () => false;
          }),
        },
      }),
    ]);
    harness.open();
    expect(harness.ask("long", "a", "run")).toBe("OUTCOME_UNKNOWN executed=unknown");
  });

  test("a failure is not told either: an error is an answer", async () => {
    const { harness, fail } = workshop();
    const running = harness.send("work", "a", "later", 1);
    harness.mayServe = () => false;
    await fail(new Error("broken"));
    expect(harness.outcome(running)).toBe("OUTCOME_UNKNOWN executed=unknown");
  });

  test("failing at the last handler of a draining shard does not hold the drain up", async () => {
    const { harness, release } = workshop();
    harness.send("work", "a", "later", 1);
    harness.drain();
    harness.mayServe = () => false;
    await release();
    expect(harness.about()).toMatchObject([{ tag: "captured", entities: [] }]);
  });

  test("is asked about the epoch that the shard is held under", () => {
    const { harness } = workshop();
    const asked: number[] = [];
    harness.mayServe = (epoch) => {
      asked.push(epoch);
      return true;
    };
    harness.reopen(4);
    harness.ask("work", "a", "now", 1);
    expect(asked).toEqual([4, 4]);
  });
});

describe("a handler's context", () => {
  test("says who, and under which fence", async () => {
    const { harness, seen } = workshop();
    harness.send("work", "a", "later", 1, { namespace: "tenant" });
    expect(seen[0]?.entity).toEqual({ namespace: "tenant", type: "work", id: "a" });
    expect(seen[0]?.fence).toEqual({ epoch: 1, incarnation: "life-1" });
    harness.reopen(2);
    expect(seen[0]?.fence).toEqual({ epoch: 2, incarnation: "life-1" });
  });

  test("calls other entities with chain, deadline, namespace and cancellation of the command", async () => {
    const { harness, seen, Work } = workshop();
    harness.answerCall = async () => 42;
    const more = { namespace: "tenant", chain: ["tenant/work/z"], deadlineMs: 500 };
    const running = harness.send("work", "a", "later", 1, more);
    const other = seen[0]?.node.entity(Work, "b", { deadlineMs: 9_000 });
    expect(await other?.now(5)).toBe(42);
    expect(await seen[0]?.node.entity(Work, "c", { deadlineMs: 100, namespace: "n" }).now(5)).toBe(
      42,
    );
    expect(harness.calls).toMatchObject([
      {
        ...{ namespace: "tenant", type: "work", id: "b", command: "now", input: 5 },
        chain: ["tenant/work/z", "tenant/work/a"],
        deadlineMs: 500,
      },
      { namespace: "n", id: "c", deadlineMs: 100 },
    ]);
    expect(harness.calls[0]?.signal.aborted).toBe(false);
    harness.cancel(running);
    expect(harness.calls[0]?.signal.aborted).toBe(true);
  });

  test("what it changes after the handler has ended does not reach a later command", async () => {
    const { harness, seen, release } = workshop();
    harness.send("work", "a", "later", 1);
    await release();
    harness.send("work", "a", "later", 2);
    const [first] = seen;
    if (first !== undefined) first.state.value = 999;
    await release();
    expect(harness.ask("work", "a", "now", 3)).toBe("ok 123");
  });
});

describe("restoreOnThrow: false", () => {
  test("keeps what the handler changed in place, and costs no copy", () => {
    const states: object[] = [];
    const harness = new ExecutorHarness([
      defineEntity("large", {
        state: () => ({ value: 0 }),
        restoreOnThrow: false,
        commands: {
          run: command(z.boolean(), ({ state }, fail) => {
            states.push(state);
            state.value += 1;
            if (fail) throw new Error("late");
            return state.value;
          }),
        },
      }),
    ]);
    harness.open();
    expect(harness.ask("large", "a", "run", false)).toBe("ok 1");
    expect(harness.ask("large", "a", "run", true)).toBe("COMMAND_FAILED executed=yes");
    expect(harness.ask("large", "a", "run", false)).toBe("ok 3");
    expect(new Set(states).size).toBe(1);
  });
});
