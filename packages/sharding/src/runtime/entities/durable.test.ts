import { beforeEach, describe, expect, test, vi } from "vitest";
import { z } from "zod";
import { ManualClock } from "../../adapters/memory/manual-clock.ts";
import { MemoryPostgres } from "../../adapters/memory/memory-postgres.ts";
import { CommandError, StoreUnavailableError } from "../../errors.ts";
import type { Journal } from "../../ports/journal.ts";
import { JournalCheck } from "../../testkit/journal-check.ts";
import { command, defineEntity, emit } from "./definition.ts";
import { ExecutorHarness, ref } from "./executor-harness.ts";

let handlers = 0;

const amount = z.object({ amount: z.number() });

const Account = defineEntity("account", {
  state: () => ({ balance: 0 }),
  events: {
    moved: (state, by: number) => ({ balance: state.balance + by }),
  },
  commands: {
    deposit: command(amount, ({ state }, { amount: by }) => {
      handlers += 1;
      return emit(state.balance + by, { moved: by });
    }),
    withdraw: command(amount, ({ state }, { amount: by }) => {
      handlers += 1;
      if (by > state.balance) throw new CommandError("INSUFFICIENT_FUNDS", "Too little.");
      return emit(state.balance - by, { moved: -by });
    }),
    twice: command(({ state }) => emit(state.balance + 2, { moved: 1 }, { moved: 1 })),
    balance: command(({ state }) => state.balance),
    exact: command(({ state }) => state.balance, { read: "fenced" }),
    cheat: command((context) => {
      context.state.balance = 1_000;
      return context.state.balance;
    }),
    garbage: command(() => emit("\0", { moved: 1 })),
  },
});

describe("a durable entity", () => {
  let postgres: MemoryPostgres;
  let journal: Journal;
  let check: JournalCheck;
  let home: ExecutorHarness;

  beforeEach(() => {
    handlers = 0;
    postgres = new MemoryPostgres({ clock: new ManualClock() });
    check = new JournalCheck();
    postgres.onJournal(check.see);
    journal = postgres.journal();
    home = new ExecutorHarness([Account], journal);
    home.open();
  });

  /** Turns, and time for what waits for Postgres, until there is an answer. */
  const outcome = async (id: number, of = home): Promise<string> => {
    for (let turn = 0; turn < 100 && of.replyOf(id) === undefined; turn += 1) {
      await new Promise<void>((resolve) => setImmediate(resolve));
      if (turn % 10 === 9) of.clock.advance(20);
    }
    return of.outcome(id);
  };

  const ask = (name: string, input?: unknown, key: string | null = null, of = home) =>
    outcome(of.send("account", "a", name, input, { key }), of);

  test("answers when its events are stored, and says its version", async () => {
    const id = home.send("account", "a", "deposit", { amount: 5 });
    expect(home.outcome(id)).toBe("none");
    expect(await outcome(id)).toBe("ok 5");
    expect(home.replyOf(id)).toEqual({ ok: true, value: 5, version: 1 });
    expect(await ask("twice")).toBe("ok 7");
    expect(check.versionOf("default", "account", "a")).toBe(3);
  });

  test("runs its commands one by one, in order, each on what the one before stored", async () => {
    const ids = [1, 2, 3, 4].map((by) => home.send("account", "a", "deposit", { amount: by }));
    const answers = [];
    for (const id of ids) answers.push(await outcome(id));
    expect(answers).toEqual(["ok 1", "ok 3", "ok 6", "ok 10"]);
  });

  test("is folded again on its next home, from what the last one stored (S5)", async () => {
    await ask("deposit", { amount: 5 });
    const next = new ExecutorHarness([Account], postgres.journal());
    next.open(2);
    expect(await ask("balance", undefined, null, next)).toBe("ok 5");
    const stale = home.send("account", "a", "deposit", { amount: 1 });
    expect(await outcome(stale)).toBe("bounce");
    expect(await ask("deposit", { amount: 1 }, null, next)).toBe("ok 6");
  });

  test("a home that is fenced bounces what waits, too, and serves nothing of it", async () => {
    await ask("balance");
    await postgres.journal().claim({ nodeId: "b", incarnation: "b" }, [{ ...ref, epoch: 2 }]);
    const ids = ["deposit", "deposit"].map((name) =>
      home.send("account", "a", name, { amount: 1 }),
    );
    expect([await outcome(ids[0] ?? 0), await outcome(ids[1] ?? 0)]).toEqual(["bounce", "bounce"]);
    expect(await ask("balance")).toBe("bounce");
  });

  test("a fenced read notices another owner, a read under the lease does not ask", async () => {
    await ask("balance");
    expect(await ask("exact")).toBe("ok 0");
    await postgres.journal().claim({ nodeId: "b", incarnation: "b" }, [{ ...ref, epoch: 2 }]);
    expect(await ask("balance")).toBe("ok 0");
    expect(await ask("exact")).toBe("bounce");
  });

  test("is changed by its events only", async () => {
    expect(await ask("cheat")).toBe("ok 1000");
    expect(await ask("balance")).toBe("ok 0");
  });

  test("an answer or event that cannot be stored fails the command, and nothing is stored", async () => {
    expect(await ask("garbage")).toBe("COMMAND_FAILED executed=yes");
    expect(await ask("balance")).toBe("ok 0");
    expect(check.events).toBe(0);
  });

  describe("an idempotency key", () => {
    test("gives the first answer again, and runs nothing", async () => {
      expect(await ask("deposit", { amount: 5 }, "k")).toBe("ok 5");
      await ask("deposit", { amount: 1 });
      const again = home.send("account", "a", "deposit", { amount: 5 }, { key: "k" });
      expect(await outcome(again)).toBe("ok 5");
      expect(home.replyOf(again)).toMatchObject({ version: 1 });
      expect(handlers).toBe(2);
    });

    test("holds on the next home, too", async () => {
      await ask("deposit", { amount: 5 }, "k");
      const next = new ExecutorHarness([Account], postgres.journal());
      next.open(2);
      expect(await ask("deposit", { amount: 5 }, "k", next)).toBe("ok 5");
      expect(await ask("balance", undefined, null, next)).toBe("ok 5");
    });

    test("is refused with another command or another input", async () => {
      await ask("deposit", { amount: 5 }, "k");
      expect(await ask("deposit", { amount: 6 }, "k")).toBe("IDEMPOTENCY_KEY_REUSED executed=no");
      expect(await ask("withdraw", { amount: 5 }, "k")).toBe("IDEMPOTENCY_KEY_REUSED executed=no");
      expect(await ask("balance")).toBe("ok 5");
    });

    test("keeps a refusal of the entity, though it would be granted now", async () => {
      const refused = "INSUFFICIENT_FUNDS executed=yes";
      expect(await ask("withdraw", { amount: 5 }, "k")).toBe(refused);
      await ask("deposit", { amount: 5 });
      expect(await ask("withdraw", { amount: 5 }, "k")).toBe(refused);
      expect(await ask("withdraw", { amount: 5 }, "k2")).toBe("ok 0");
    });

    test("keeps the answer of a command without events", async () => {
      expect(await ask("balance", undefined, "k")).toBe("ok 0");
      await ask("deposit", { amount: 5 });
      expect(await ask("balance", undefined, "k")).toBe("ok 0");
    });
  });

  describe("a handoff", () => {
    test("waits for an append that is under way", async () => {
      const id = home.send("account", "a", "deposit", { amount: 5 });
      await outcome(id);
      const last = home.send("account", "a", "deposit", { amount: 1 });
      home.drain();
      expect(home.about()).toEqual([]);
      expect(await outcome(last)).toBe("ok 6");
      expect(home.about()).toMatchObject([{ tag: "captured" }]);
    });

    test("that is given up leaves it to be folded again: its target may have served it", async () => {
      await ask("deposit", { amount: 5 });
      home.drain();
      const target = new ExecutorHarness([Account], postgres.journal());
      target.open(2);
      await ask("deposit", { amount: 1 }, null, target);
      home.reopen(3);
      expect(await ask("balance")).toBe("ok 6");
      expect(await ask("deposit", { amount: 1 })).toBe("ok 7");
    });
  });

  describe("an append whose outcome is unknown", () => {
    /** The journal, of which the next `times` appends fail: after they took effect, or before. */
    const failing = (times: number, when: "before" | "after"): Journal => {
      let left = times;
      const failure = () => new StoreUnavailableError("lost");
      return new Proxy(journal, {
        get: (target, name) => {
          if (name !== "append") {
            const found = Reflect.get(target, name) as (...given: unknown[]) => unknown;
            return found.bind(target);
          }
          return async (append: Parameters<Journal["append"]>[0]) => {
            if (left === 0) return await target.append(append);
            left -= 1;
            if (when === "after") await target.append(append);
            throw failure();
          };
        },
      });
    };

    test("that took effect is answered as such, and not sent again (S5)", async () => {
      home = new ExecutorHarness([Account], failing(1, "after"));
      home.open();
      expect(await ask("deposit", { amount: 5 })).toBe("ok 5");
      expect(check.events).toBe(1);
    });

    test("that took none is sent again", async () => {
      home = new ExecutorHarness([Account], failing(3, "before"));
      home.open();
      expect(await ask("deposit", { amount: 5 })).toBe("ok 5");
      expect(check.events).toBe(1);
    });

    test("is told as not executed while its caller still waits", async () => {
      home = new ExecutorHarness([Account], failing(1_000, "before"));
      home.open();
      await ask("balance");
      const startedMs = home.clock.monotonicMs();
      const id = home.send("account", "a", "deposit", { amount: 5 }, { deadlineMs: 200 });
      expect(await outcome(id)).toBe("STORE_UNAVAILABLE executed=no");
      expect(home.clock.monotonicMs() - startedMs).toBeLessThan(200);
    });

    test("that took none until the deadline was not executed", async () => {
      home = new ExecutorHarness([Account], failing(1, "before"));
      home.open();
      await ask("balance");
      const id = home.send("account", "a", "deposit", { amount: 5 }, { deadlineMs: 10 });
      home.clock.advance(10);
      expect(await outcome(id)).toBe("STORE_UNAVAILABLE executed=no");
      expect(await ask("balance")).toBe("ok 0");
    });

    test("stays unknown where the lease is lost first", async () => {
      home = new ExecutorHarness([Account], failing(1, "before"));
      home.open();
      await ask("balance");
      const id = home.send("account", "a", "deposit", { amount: 5 });
      home.mayServe = () => false;
      expect(await outcome(id)).toBe("OUTCOME_UNKNOWN executed=unknown");
    });
  });

  test("waits for Postgres until its deadline, and is not executed then", async () => {
    postgres.stop();
    const id = home.send("account", "a", "balance", undefined, { deadlineMs: 100 });
    expect(await outcome(id)).toBe("STORE_UNAVAILABLE executed=no");
    const patient = home.send("account", "a", "balance", undefined, { deadlineMs: 10_000 });
    home.clock.advance(20);
    postgres.start();
    expect(await outcome(patient)).toBe("ok 0");
  });

  test("goes along on a handoff: its next home need not read it", async () => {
    await ask("deposit", { amount: 5 });
    await ask("twice");
    home.drain();
    const [captured] = home.about();
    if (captured?.tag !== "captured") throw new Error("It was not captured.");
    expect(captured).toMatchObject({ entities: [], warm: [{ id: "a", version: 3, unkept: 3 }] });
    const next = new ExecutorHarness([Account], journal);
    const replay = vi.spyOn(journal, "replay");
    next.openWarm(2, captured.warm);
    expect(await ask("balance", undefined, null, next)).toBe("ok 7");
    expect(await ask("deposit", { amount: 1 }, null, next)).toBe("ok 8");
    expect(replay).not.toHaveBeenCalled();
    expect(check.versionOf("default", "account", "a")).toBe(4);
  });

  test("whose append was given up by a drain does not go along: it may yet take effect", async () => {
    await ask("deposit", { amount: 5 });
    postgres.journals.hangAppends(1);
    const id = home.send("account", "a", "deposit", { amount: 1 });
    await outcome(id);
    home.drain("h1", home.epoch, 50);
    home.clock.advance(50);
    expect(home.outcome(id)).toBe("HANDLER_ABORTED executed=unknown");
    expect(home.about()).toMatchObject([{ tag: "captured", warm: [] }]);
  });

  test("another writer's event makes it fold again instead of overwriting", async () => {
    await ask("deposit", { amount: 5 });
    await postgres.journal().append({
      ...{ ...ref, epoch: 1, incarnation: "life-1", namespace: "default", type: "account" },
      ...{ id: "a", version: 1, commandId: "c", events: [{ type: "moved", data: 2 }] },
      ...{ outcome: null, isRemoval: false, timers: null },
    });
    expect(await ask("deposit", { amount: 1 })).toBe("STORE_UNAVAILABLE executed=no");
    expect(await ask("deposit", { amount: 1 })).toBe("ok 8");
  });

  test("an event that this version does not know stops it from being served", async () => {
    await journal.claim({ nodeId: "n", incarnation: "life-1" }, [{ ...ref, epoch: 1 }]);
    await journal.append({
      ...{ ...ref, epoch: 1, incarnation: "life-1", namespace: "default", type: "account" },
      ...{ id: "a", version: 0, commandId: "c", events: [{ type: "frozen", data: {} }] },
      ...{ outcome: null, isRemoval: false, timers: null },
    });
    const id = home.send("account", "a", "balance");
    expect(await outcome(id)).toBe("COMMAND_FAILED executed=no");
    expect(home.replyOf(id)).toMatchObject({
      error: { message: expect.stringContaining('no event "frozen"') },
    });
  });
});
