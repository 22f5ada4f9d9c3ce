import { beforeEach, describe, expect, test, vi } from "vitest";
import { z } from "zod";
import { ManualClock } from "../../adapters/memory/manual-clock.ts";
import { MemoryPostgres } from "../../adapters/memory/memory-postgres.ts";
import type { Append, Journal } from "../../ports/journal.ts";
import { JournalCheck } from "../../testkit/journal-check.ts";
import { MemoryCluster } from "../../testkit/memory-cluster.ts";
import { type AnyEntityDefinition, command, defineEntity, emit } from "./definition.ts";
import { ExecutorHarness, ref } from "./executor-harness.ts";

/**
 * What a program, its caller or a journal may do wrong to one entity. Each time: the error says what it was,
 * the entities beside it notice nothing, and what was there before is there after it.
 *
 * Of a handler that keeps the event loop for itself tells tests/cluster/failures/blocked-loops.test.ts.
 */

interface State {
  sum: number;
  text?: string;
}

const never = new Promise<never>(() => undefined);

const getter = (name: string): object =>
  Object.defineProperty({}, name, {
    enumerable: true,
    get: () => {
      throw new Error("do not look");
    },
  });

const circle: { inner?: unknown } = {};
circle.inner = circle;

/** By what a handler may leave or throw, and the error that tells it. */
const misdeeds: Readonly<Record<string, readonly [act: () => unknown, said: string | RegExp]>> = {
  "throws an error": [() => fail(new Error("oh no")), "oh no"],
  "throws nothing": [() => fail(undefined), "undefined"],
  "throws what has no words": [() => fail(Object.create(null)), /cannot be put in words/],
  "throws an error without words": [
    () => fail(Object.assign(new Error(), { message: Symbol("?") })),
    "Symbol(?)",
  ],
  rejects: [async () => fail(new Error("too late")), "too late"],
  "answers a function": [() => ({ inner: [() => 1] }), /^answer\.inner\.0 is a function/],
  "answers a map": [() => new Map(), /^answer is a Map/],
  "answers what contains itself": [() => circle, /contains itself/],
  "answers what throws when it is read": [() => getter("field"), "do not look"],
  "answers what throws when it is awaited": [() => getter("then"), "do not look"],
  "forgets an await": [() => ({ later: never }), /^answer\.later is a promise/],
};

function fail(what: unknown): never {
  throw what;
}

/** The same for a durable entity's events. */
const misEmissions: Readonly<Record<string, readonly [act: () => unknown, said: string | RegExp]>> =
  {
    "emits 10,000 events": [
      () => emit(null, ...Array.from({ length: 10_000 }, () => ({ added: 1 }))),
      "The command emitted 10000 events; one command may emit 1000.",
    ],
    "emits a megabyte": [
      () => emit(null, { wrote: "x".repeat(1024 * 1024) }),
      /^The events of the command have 1048578 characters as JSON; 1048576 are allowed\.$/,
    ],
    "emits what is no event": [() => emit(null, "added" as never), /one key, its name/],
    "emits an event of two names": [() => emit(null, { added: 1, wrote: "" }), /one key, its name/],
    "emits an event that nobody knows": [() => emit(null, { stolen: 1 }), /no event "stolen"/],
    "emits a function": [
      () => emit(null, { added: { by: () => 1 } }),
      /^event added\.by is a function/,
    ],
    "emits a date": [() => emit(null, { wrote: new Date(0) }), /^event wrote is a date/],
    "emits no number": [() => emit(null, { added: Number.NaN }), /^event added is NaN/],
    "emits what no text may have": [() => emit(null, { wrote: "\0" }), /character U\+0000/],
    "answers a date": [() => emit(new Date(0), { added: 1 }), /^answer is a date/],
    "folds with an error": [
      () => emit(null, { cursed: "a coin" }),
      'The event "cursed" cannot be folded: no a coin',
    ],
    "folds with no error": [() => emit(null, { cursed: null }), /cannot be folded: null$/],
    "folds to a map": [() => emit(null, { mapped: null }), /^state is a Map/],
  };

const all = { ...misdeeds, ...misEmissions };
const misbehave = command(z.string(), (_context, which) => all[which]?.[0]() as null);
const addend = z.number();

const Durable = defineEntity("durable", {
  state: (): State => ({ sum: 0 }),
  snapshotEvery: 4,
  events: {
    added: (state, by: number) => ({ ...state, sum: state.sum + by }),
    wrote: (state, more: string) => ({ ...state, text: (state.text ?? "") + more }),
    cursed: (_state, what: string | null) => fail(what === null ? null : new Error(`no ${what}`)),
    mapped: () => new Map() as unknown as State,
  },
  commands: {
    misbehave,
    add: command(addend, ({ state }, by) => emit(state.sum + by, { added: by })),
    write: command(z.string(), (_context, text) => emit(null, { wrote: text })),
    sum: command(({ state }) => state.sum),
    length: command(({ state }) => state.text?.length ?? 0),
    wait: command(async () => await never),
  },
});

const Volatile = defineEntity("volatile", {
  state: (): State => ({ sum: 0 }),
  commands: {
    misbehave,
    add: command(addend, ({ state }, by) => {
      state.sum += by;
      return state.sum;
    }),
    ruin: command(({ state }) => {
      Object.assign(state, { sum: -1, fn: () => 1 });
    }),
    sum: command(({ state }) => state.sum),
    wait: command(async ({ state }) => {
      state.sum = -1;
      await never;
    }),
  },
});

let postgres: MemoryPostgres;
let journal: Journal;
let check: JournalCheck;
let home: ExecutorHarness;

beforeEach(() => {
  postgres = new MemoryPostgres({ clock: new ManualClock() });
  check = new JournalCheck();
  postgres.onJournal(check.see);
  journal = postgres.journal();
  home = deploy(1, Durable, Volatile);
});

function deploy(epoch: number, ...entities: readonly AnyEntityDefinition[]): ExecutorHarness {
  const harness = new ExecutorHarness(entities, journal);
  harness.open(epoch);
  return harness;
}

/** The journal answers within a few turns. */
const outcome = async (id: number, of = home): Promise<string> => {
  for (let turn = 0; turn < 100 && of.replyOf(id) === undefined; turn += 1) {
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
  return of.outcome(id);
};

const ask = (type: string, id: string, name: string, input?: unknown, of = home) =>
  outcome(of.send(type, id, name, input), of);

const errorOf = (id: number, of = home) => {
  const reply = of.replyOf(id);
  if (reply === undefined || reply.ok || !("error" in reply)) throw new Error("It is no error.");
  return reply.error;
};

const said = (words: string | RegExp) =>
  typeof words === "string" ? words : expect.stringMatching(words);

describe.each([
  ["volatile", misdeeds],
  ["durable", all],
] as const)("a %s entity whose handler", (type, cases) => {
  test.each(Object.entries(cases))("%s", async (which, [, words]) => {
    await ask(type, "bad", "add", 2);
    await ask(type, "good", "add", 3);
    const before = check.events;
    const wrong = home.send(type, "bad", "misbehave", which);
    const behind = home.send(type, "bad", "add", 5);
    const beside = home.send(type, "good", "add", 5);
    expect([await outcome(beside), await outcome(behind)]).toEqual(["ok 8", "ok 7"]);
    const failure = { code: "COMMAND_FAILED", retryable: false, executed: "yes" };
    expect(errorOf(wrong)).toEqual({ ...failure, message: said(words) });
    if (type === "volatile") return;
    expect(check.events).toBe(before + 2);
    const next = deploy(2, Durable);
    expect(await ask(type, "bad", "sum", undefined, next)).toBe("ok 7");
    expect(await ask(type, "good", "sum", undefined, next)).toBe("ok 8");
  });

  test("never ends keeps those waiting who wait for it, until their deadlines, and no others", async () => {
    await ask(type, "bad", "add", 2);
    await ask(type, "good", "add", 3);
    const endless = home.send(type, "bad", "wait");
    const behind = home.send(type, "bad", "add", 5, { deadlineMs: 1_000 });
    expect(await ask(type, "good", "add", 5)).toBe("ok 8");
    home.clock.advance(1_050);
    expect(await outcome(behind)).toBe("DEADLINE_EXCEEDED executed=no");
    expect(home.outcome(endless)).toBe("none");
    // Its shard can leave all the same.
    home.drain("h", home.epoch, 100);
    home.clock.advance(100);
    expect(await outcome(endless)).toBe("HANDLER_ABORTED executed=unknown");
    expect(home.about()).toMatchObject([{ tag: "captured" }]);
    home.reopen(2);
    expect(await ask(type, "bad", "sum")).toBe("ok 2");
    expect(await ask(type, "good", "sum")).toBe("ok 8");
  });
});

test("a volatile state that could not be sent is not kept, and said so by its place", async () => {
  await ask("volatile", "bad", "add", 2);
  const wrong = home.send("volatile", "bad", "ruin");
  expect(errorOf(wrong).message).toMatch(/^state\.fn is a function/);
  expect(await ask("volatile", "bad", "sum")).toBe("ok 2");
});

test("a volatile entity cannot emit", async () => {
  const wrong = home.send("volatile", "bad", "misbehave", "answers a date");
  expect(errorOf(wrong).message).toMatch(/^answer is an instance of Emission/);
});

describe("in the journal", () => {
  const stored: Readonly<Record<string, readonly [event: unknown, said: string | RegExp]>> = {
    "an event of a name that nobody knows": [{ type: "stolen", data: 1 }, /no event "stolen"/],
    "an event that no longer parses": [
      { type: "cursed", data: "a coin" },
      /The event "cursed" cannot be folded: no a coin$/,
    ],
    "an event of a later version": [
      { type: "added", data: { by: 1 }, steps: 1 },
      /"added".* was stored by a later version of the program/,
    ],
    "an event that makes no state": [{ type: "mapped", data: null }, /state is a Map/],
    "what is no event": [7, /What is stored as its event 2 is no event\.$/],
    nothing: [null, /What is stored as its event 2 is no event\.$/],
  };

  const append = (id: string, version: number, event: unknown): Promise<unknown> => {
    const by = { ...ref, epoch: 1, incarnation: "life-1" };
    const entity = { namespace: "default", type: "durable", id };
    const commandId = `by hand ${id} ${version}`;
    const one: Append = { ...by, ...entity, version, commandId, events: [event], ...plainly };
    return journal.append(one);
  };
  const plainly = { outcome: null, isRemoval: false, timers: null } as const;

  test.each(Object.entries(stored))(
    "%s stops its entity and no other",
    async (_what, [event, words]) => {
      await ask("durable", "good", "add", 3);
      await append("bad", 0, { type: "added", data: 2 });
      await append("bad", 1, event);
      const wrong = home.send("durable", "bad", "add", 5);
      const beside = home.send("durable", "good", "add", 5);
      expect(await outcome(wrong)).toBe("COMMAND_FAILED executed=no");
      expect(errorOf(wrong).message).toMatch(/^default\/durable\/bad could not be activated: /);
      expect(errorOf(wrong).message).toEqual(said(words));
      expect(await outcome(beside)).toBe("ok 8");
      expect(await ask("durable", "bad", "sum")).toBe("COMMAND_FAILED executed=no");
      expect(home.executor.stats()).toEqual({ entities: 1, waiting: 0, running: 0 });
      expect(check.versionOf("default", "durable", "bad"), "nothing was lost").toBe(2);
    },
  );

  test("a snapshot of another version is not read, and one that the program can read is", async () => {
    const at = (stateVersion: number) => ({ ...Durable, stateVersion });
    for (const by of [1, 2, 3, 4]) await ask("durable", "a", "add", by);
    await vi.waitFor(async () => {
      const entity = { ...ref, namespace: "default", type: "durable", id: "a" };
      expect((await journal.replay(entity, 1, 0)).snapshot).toMatchObject({ version: 4 });
    });
    const read = vi.spyOn(journal, "replay");
    const folded = async () => (await read.mock.results.at(-1)?.value)?.events.length;
    for (const [epoch, version, events] of [
      [2, 2, 4],
      [3, 1, 4],
    ] as const) {
      const next = deploy(epoch, at(version) as unknown as AnyEntityDefinition);
      expect(await ask("durable", "a", "sum", undefined, next)).toBe("ok 10");
      expect(await folded(), `state version ${version}`).toBe(events);
    }
  });
});

test("a durable state over the limit is not kept, said once, and folded from its events", async () => {
  const keep = vi.spyOn(journal, "keep");
  // Nine of almost a megabyte: the state has more than 8 Mi characters.
  const chunk = "x".repeat(1_000_000);
  for (let i = 0; i < 9; i += 1) await ask("durable", "bad", "write", chunk);
  keep.mockClear();
  for (let i = 0; i < 2; i += 1) {
    await ask("durable", "bad", "write", "x");
    for (let n = 0; n < 4; n += 1) await ask("durable", "bad", "add", 1);
  }
  for (let n = 0; n < 4; n += 1) await ask("durable", "good", "add", 1);
  await vi.waitFor(() => expect(keep).toHaveBeenCalled());
  expect(keep.mock.calls.flatMap(([batch]) => batch.map(({ id }) => id))).toEqual(["good"]);
  const warnings = home.logged.filter((line) => line.startsWith("warn: a state cannot be kept"));
  expect(warnings).toHaveLength(1);
  expect(warnings[0]).toMatch(/default\/durable\/bad.*8388608 can be kept/);
  const next = deploy(2, Durable);
  expect(await ask("durable", "bad", "length", undefined, next)).toBe("ok 9000002");
  expect(await ask("durable", "bad", "sum", undefined, next)).toBe("ok 8");
});

describe("an idempotency key", () => {
  test.each([
    ["of 10 kB", "k".repeat(10_000)],
    ["of nothing", ""],
    ["with a line break", "a\nb"],
    ["of other letters", "\u00e9"],
  ])("%s is refused before it is sent, and nothing runs", async (_what, key) => {
    const cluster = new MemoryCluster({ entities: [Durable], shards: 4 });
    cluster.postgres.onJournal(check.see);
    const { node } = cluster.add("node-1");
    await cluster.until("every shard is hosted", () => cluster.isAllHosted());
    const refused = cluster.result(node.entity(Durable, "a", { key }).add(1));
    await expect(refused).rejects.toMatchObject({
      ...{ code: "COMMAND_INVALID", executed: "no", retryable: false },
      message: `An idempotency key has 1 to 255 printable ASCII characters; this one has ${key.length}.`,
    });
    const longest = { key: "k".repeat(255) };
    expect(await cluster.result(node.entity(Durable, "a", longest).add(1))).toBe(1);
    expect(check.events).toBe(1);
    await cluster.stop();
  });
});
