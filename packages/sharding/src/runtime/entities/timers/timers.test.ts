import { beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { ManualClock } from "../../../adapters/memory/manual-clock.ts";
import { MemoryPostgres } from "../../../adapters/memory/memory-postgres.ts";
import { CommandError } from "../../../errors.ts";
import type { Journal } from "../../../ports/journal.ts";
import { command, defineEntity, emit, remove } from "../definition.ts";
import { ExecutorHarness, ref } from "../executor-harness.ts";

/** What ran, in order: `<entity> <command> <timer>@<due, from the first arm>`. */
let ran: string[] = [];
/** What the next firings come to, instead of ringing. */
let failures: (() => never)[] = [];

const spec = z.object({
  afterMs: z.number().optional(),
  everyMs: z.number().optional(),
  cron: z.string().optional(),
  name: z.string().default("t"),
  input: z.string().default("hello"),
});

const Alarm = defineEntity("alarm", {
  state: (): { rang: string[] } => ({ rang: [] }),
  events: { rang: (state, by: string) => ({ rang: [...state.rang, by] }) },
  commands: {
    arm: command(spec, ({ timers }, { name, ...when }) => {
      timers.set(name, { command: "ring", ...(when as { afterMs: number }) });
      return emit("armed");
    }),
    ring: command(z.string(), ({ entity, timer }, by) => {
      ran.push(`${entity.id} ${timer?.name}`);
      failures.shift()?.();
      return emit(null, { rang: by });
    }),
    remember: command(({ timers }) =>
      timers.set("start", { onStart: true, command: "ring", input: "start" }),
    ),
    forget: command(({ timers }) => timers.cancel("start")),
    quiet: command(({ timers }) => timers.cancel("t")),
    rang: command(({ state }) => state.rang.length),
    end: command(() => remove(null)),
    badly: command(({ timers }) => {
      timers.set("t", { afterMs: 1, command: "ring" });
      return remove(null);
    }),
    boom: command(({ timers }) => {
      timers.set("t", { afterMs: 0, command: "ring" });
      throw new Error("boom");
    }),
    again: command(({ timers, timer }) => {
      ran.push(`again ${timer?.name}`);
      timers.set("t", { afterMs: 1_000, command: "again" });
    }),
    begin: command(({ timers }) => timers.set("t", { afterMs: 1_000, command: "again" })),
  },
});

const Volatile = defineEntity("volatile", {
  state: () => ({}),
  commands: { arm: command(({ timers }) => timers.set("t", { afterMs: 1, command: "arm" })) },
});

describe("a timer", () => {
  let postgres: MemoryPostgres;
  let server: ManualClock;
  let home: ExecutorHarness;

  beforeEach(() => {
    ran = [];
    failures = [];
    server = new ManualClock();
    postgres = new MemoryPostgres({ clock: server });
    home = nodeOf();
    home.open();
  });

  const nodeOf = (journal: Journal = postgres.journal()) =>
    new ExecutorHarness([Alarm, Volatile], journal);

  /** Time passes, for the server and these nodes alike; what waits for Postgres gets its answers. */
  const elapse = async (ms: number, nodes = [home]) => {
    for (let leftMs = ms; leftMs > 0; leftMs -= 10) {
      await settle();
      server.advance(Math.min(10, leftMs));
      for (const node of nodes) node.clock.advance(Math.min(10, leftMs));
    }
    await settle();
  };

  const settle = async () => {
    for (let turn = 0; turn < 4; turn += 1) {
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
  };

  const ask = async (name: string, input?: unknown, of = home, id = "a") => {
    const request = of.send("alarm", id, name, input);
    for (let turn = 0; turn < 50 && of.replyOf(request) === undefined; turn += 1) {
      await elapse(10, [of]);
    }
    return of.outcome(request);
  };

  test("fires when it is due, once", async () => {
    expect(await ask("arm", { afterMs: 5_000 })).toBe('ok "armed"');
    await elapse(4_900);
    expect(ran).toEqual([]);
    await elapse(200);
    expect(ran).toEqual(["a t"]);
    await elapse(90_000);
    expect(ran).toEqual(["a t"]);
    expect(await ask("rang")).toBe("ok 1");
  });

  test("that is due in a long time is read when its time comes near", async () => {
    await ask("arm", { afterMs: 600_000 });
    await elapse(599_900);
    expect(ran).toEqual([]);
    await elapse(200);
    expect(ran).toEqual(["a t"]);
  });

  test("goes by the server's clock, wherever the node's stands", async () => {
    const late = nodeOf();
    late.clock.advance(3_600_000);
    home.drop();
    late.open(2);
    await ask("arm", { afterMs: 5_000 }, late);
    await elapse(4_900, [late]);
    expect(ran).toEqual([]);
    await elapse(200, [late]);
    expect(ran).toEqual(["a t"]);
  });

  test("fires on the next home, where its first one is gone", async () => {
    await ask("arm", { afterMs: 5_000 });
    home.drop();
    const next = nodeOf();
    await elapse(60_000, [home, next]);
    expect(ran).toEqual([]);
    next.open(2);
    await elapse(100, [home, next]);
    expect(ran).toEqual(["a t"]);
    expect(await ask("rang", undefined, next)).toBe("ok 1");
  });

  test("takes effect once, where a former home fires it as well", async () => {
    await ask("arm", { afterMs: 5_000 });
    const next = nodeOf();
    next.open(2);
    await elapse(5_200, [home, next]);
    expect(await ask("rang", undefined, next)).toBe("ok 1");
    const shards = [{ group: ref.group, shard: ref.shard }];
    expect((await postgres.journal().dueTimers(shards, 1e9, 10)).timers).toEqual([]);
  });

  test("does not fire while its shard moves, and fires where it stays", async () => {
    await ask("arm", { afterMs: 100 });
    home.drain();
    await elapse(1_000);
    expect(ran).toEqual([]);
    home.reopen(2);
    await elapse(100);
    expect(ran).toEqual(["a t"]);
  });

  test("set again is the later one; taken away it does not fire", async () => {
    await ask("arm", { afterMs: 1_000 });
    await ask("arm", { afterMs: 3_000, input: "later" });
    await elapse(2_000);
    expect(ran).toEqual([]);
    await elapse(2_000);
    expect(ran).toEqual(["a t"]);
    await ask("arm", { afterMs: 1_000 });
    await ask("quiet");
    await elapse(70_000);
    expect(ran).toEqual(["a t"]);
  });

  test("of an entity that is removed does not fire", async () => {
    await ask("arm", { afterMs: 1_000 });
    expect(await ask("end")).toBe("ok null");
    await elapse(70_000);
    expect(ran).toEqual([]);
  });

  test("comes again every so often, and sets itself again where its command does", async () => {
    await ask("arm", { everyMs: 1_000 });
    await elapse(5_100);
    expect(ran).toHaveLength(5);
    await ask("quiet");
    ran = [];
    await ask("begin");
    await elapse(3_200);
    expect(ran).toEqual(["again t", "again t", "again t"]);
  });

  test("comes again by the calendar", async () => {
    await ask("arm", { cron: "*/2 * * * * *" });
    await elapse(10_100);
    expect(ran).toHaveLength(5);
  });

  test("that was missed while nobody was up fires once, and then at its time again", async () => {
    await ask("arm", { everyMs: 1_000 });
    home.drop();
    await elapse(3_600_000 / 10);
    const next = nodeOf();
    next.open(2);
    await elapse(900, [next]);
    expect(ran.length).toBeLessThanOrEqual(2);
    const before = ran.length;
    await elapse(3_000, [next]);
    expect(ran.length - before).toBe(3);
  });

  test("whose command fails is run again, later and later, until it succeeds", async () => {
    const boom = () => {
      throw new Error("boom");
    };
    failures = [boom, boom, boom];
    await ask("arm", { afterMs: 100 });
    await elapse(500);
    expect(ran).toHaveLength(1);
    await elapse(1_000);
    expect(ran).toHaveLength(2);
    await elapse(2_000);
    expect(ran).toHaveLength(3);
    await elapse(4_200);
    expect(ran).toHaveLength(4);
    await elapse(70_000);
    expect(ran).toHaveLength(4);
    expect(await ask("rang")).toBe("ok 1");
  });

  test("whose command refuses has fired", async () => {
    failures = [
      () => {
        throw new CommandError("NOT_NOW", "No.");
      },
    ];
    await ask("arm", { afterMs: 100 });
    await elapse(70_000);
    expect(ran).toEqual(["a t"]);
    expect(await ask("rang")).toBe("ok 0");
  });

  test("is not set by a command that fails, nor by one that removes its entity", async () => {
    expect(await ask("boom")).toBe("COMMAND_FAILED executed=yes");
    expect(await ask("badly")).toBe("COMMAND_FAILED executed=yes");
    await elapse(1_000);
    expect(ran).toEqual([]);
  });

  test("set badly is told to the caller, and nothing is set", async () => {
    expect(await ask("arm", { cron: "61 * * * *" })).toBe("COMMAND_INVALID executed=yes");
    expect(await ask("arm", { afterMs: 1, name: "x".repeat(65) })).toBe(
      "COMMAND_INVALID executed=yes",
    );
    const request = home.send("volatile", "v", "arm");
    await settle();
    expect(home.outcome(request)).toBe("COMMAND_INVALID executed=yes");
    await elapse(1_000);
    expect(ran).toEqual([]);
  });

  test("is one of thousands, of which some are in memory; each fires once", async () => {
    const entities = 1_500;
    for (let n = 0; n < entities; n += 1) {
      home.send("alarm", `e${n}`, "arm", { afterMs: 2_000 + (n % 7) * 100 });
    }
    await elapse(15_000);
    expect(ran).toHaveLength(entities);
    expect(new Set(ran).size).toBe(entities);
  });

  test("is one of thousands that another home reads, a part at a time", async () => {
    const entities = 2_500;
    for (let n = 0; n < entities; n += 1) {
      home.send("alarm", `e${n}`, "arm", { afterMs: 20_000 + (n % 7) * 1_000 });
    }
    await elapse(5_000);
    home.drop();
    const next = nodeOf();
    next.open(2);
    await elapse(30_000, [next]);
    expect(ran).toHaveLength(entities);
    expect(new Set(ran).size).toBe(entities);
  });

  test("on start fires at each new home, and not before, nor again", async () => {
    for (const id of ["a", "b", "c"]) await ask("remember", undefined, home, id);
    await ask("forget", undefined, home, "b");
    await elapse(70_000);
    home.drain("h1");
    home.reopen(2);
    await elapse(70_000);
    expect(ran).toEqual([]);
    home.drop();
    const next = nodeOf();
    next.open(3);
    await elapse(70_000, [next]);
    expect(ran.toSorted()).toEqual(["a start", "c start"]);
    next.drop();
    next.open(4);
    await elapse(100, [next]);
    expect(ran).toHaveLength(4);
    expect(await ask("rang", undefined, next)).toBe("ok 2");
  });

  test("on start that a home has not come to fires at the next one", async () => {
    const entities = 300;
    for (let n = 0; n < entities; n += 1) await ask("remember", undefined, home, `e${n}`);
    home.drop();
    const next = nodeOf();
    next.open(2);
    while (ran.length < 100) {
      await settle();
      next.clock.advance(1);
      server.advance(1);
    }
    next.mayServe = () => false;
    next.drop();
    const last = nodeOf();
    last.open(3);
    await elapse(2_000, [last]);
    expect(new Set(ran).size).toBe(entities);
  });

  test("whose setting got no answer in time is in doubt for its caller, and fires", async () => {
    let isCut = false;
    const link = {
      pass: (direction: "out" | "in", deliver: () => void) => {
        if (!isCut || direction === "out") deliver();
      },
    };
    home.drop();
    home = nodeOf(postgres.journal({ link }));
    home.open(2);
    await ask("arm", { afterMs: 100_000 });
    isCut = true;
    const deadlineMs = home.clock.monotonicMs() + 8_000;
    const request = home.send("alarm", "a", "arm", { afterMs: 3_000 }, { deadlineMs });
    await elapse(7_000);
    isCut = false;
    expect(home.outcome(request)).toBe("none");
    await elapse(5_000);
    expect(home.outcome(request)).toBe("OUTCOME_UNKNOWN executed=unknown");
    expect(ran).toEqual(["a t"]);
  });

  test("with its outcome unknown has fired once", async () => {
    await ask("arm", { afterMs: 1_000 });
    postgres.journals.hangAppends(1);
    await elapse(1_200);
    expect(ran).toHaveLength(1);
    await elapse(20_000);
    expect(await ask("rang")).toBe("ok 1");
  });
});
