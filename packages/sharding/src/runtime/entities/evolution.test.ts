import { beforeEach, describe, expect, test, vi } from "vitest";
import { z } from "zod";
import { ManualClock } from "../../adapters/memory/manual-clock.ts";
import { MemoryPostgres } from "../../adapters/memory/memory-postgres.ts";
import type { Journal } from "../../ports/journal.ts";
import { type AnyEntityDefinition, command, defineEntity, emit, remove } from "./definition.ts";
import { ExecutorHarness, ref } from "./executor-harness.ts";

/** As it was first: an amount is a number of euros. */
const first = defineEntity("account", {
  state: () => ({ cents: 0 }),
  events: { deposited: ({ cents }, euros: number) => ({ cents: cents + 100 * euros }) },
  keepEvents: 0,
  snapshotEvery: 3,
  commands: {
    deposit: command(z.number(), (_context, euros) => emit(null, { deposited: euros })),
    close: command(({ state }) => remove(state.cents)),
    cents: command(({ state }) => state.cents),
  },
});

interface Money {
  readonly amount: number;
  readonly currency: string;
}

/** And after two changes: first it had a name, then a currency. */
const third = defineEntity("account", {
  state: () => ({ cents: 0 }),
  events: {
    deposited: ({ cents }, { amount }: Money) => ({ cents: cents + 100 * amount }),
  },
  upcasts: {
    deposited: [(amount) => ({ amount }), (data) => ({ ...(data as object), currency: "EUR" })],
  },
  stateVersion: 2,
  commands: {
    deposit: command(z.number(), (_context, amount) =>
      emit(null, { deposited: { amount, currency: "EUR" } }),
    ),
    cents: command(({ state }) => state.cents),
  },
});

describe("an entity over the years", () => {
  let postgres: MemoryPostgres;
  let journal: Journal;
  let epoch = 0;
  const entity = { ...ref, namespace: "default", type: "account", id: "a" };

  beforeEach(() => {
    postgres = new MemoryPostgres({ clock: new ManualClock() });
    journal = postgres.journal();
    epoch = 0;
  });

  const deploy = (definition: AnyEntityDefinition): ExecutorHarness => {
    epoch += 1;
    const home = new ExecutorHarness([definition], journal);
    home.open(epoch);
    return home;
  };

  const ask = async (home: ExecutorHarness, name: string, input?: unknown) => {
    const id = home.send("account", "a", name, input);
    await vi.waitFor(() => expect(home.replyOf(id)).toBeDefined());
    await new Promise<void>((resolve) => setImmediate(resolve));
    const reply = home.replyOf(id);
    if (reply?.ok === true) return reply.value;
    return reply !== undefined && "error" in reply ? reply.error.message : "bounce";
  };

  const stored = async () => (await journal.read(entity, 0, 100)).map(({ event }) => event);

  test("events of an older shape become the present one, step by step", async () => {
    await ask(deploy(first), "deposit", 2);
    const now = deploy(third);
    await ask(now, "deposit", 3);
    expect(await ask(deploy(third), "cents")).toBe(500);
    expect(await stored()).toEqual([
      { type: "deposited", data: 2 },
      { type: "deposited", data: { amount: 3, currency: "EUR" }, steps: 2 },
    ]);
  });

  test("an event of a later version is refused by an older one, by name", async () => {
    await ask(deploy(third), "deposit", 3);
    const answer = await ask(deploy(first), "cents");
    expect(answer).toContain('"deposited"');
    expect(answer).toContain("later version");
  });

  test("an upcast that fails refuses the command and loses nothing", async () => {
    await ask(deploy(first), "deposit", 2);
    const failing = { ...third, upcasts: { deposited: [() => JSON.parse("{"), () => null] } };
    expect(await ask(deploy(failing), "cents")).toContain("could not be activated");
    expect(await ask(deploy(third), "cents")).toBe(200);
  });

  test("events below the snapshot are deleted where the definition says so, but for the last", async () => {
    const home = deploy(first);
    for (const euros of [1, 2, 3, 4]) await ask(home, "deposit", euros);
    expect(await stored()).toEqual([
      { type: "deposited", data: 3 },
      { type: "deposited", data: 4 },
    ]);
    expect(await ask(deploy(first), "cents")).toBe(1_000);
  });

  test("with its events deleted, a state of another version cannot be folded, and that is said", async () => {
    const home = deploy(first);
    for (const euros of [1, 2, 3]) await ask(home, "deposit", euros);
    const answer = await ask(deploy(third), "cents");
    expect(answer).toContain("state version 2");
    expect(answer).toContain("up to 2 were deleted");
    expect(await ask(deploy(first), "cents")).toBe(600);
  });

  test("that is removed leaves its removal alone, and begins anew", async () => {
    const home = deploy(first);
    for (const euros of [1, 2, 3, 4]) await ask(home, "deposit", euros);
    expect(await ask(home, "close")).toBe(1_000);
    expect(await stored()).toEqual([{ type: "$removed", data: null }]);
    expect((await journal.replay(entity, 1, 1)).snapshot).toBeNull();
    expect(await ask(home, "cents")).toBe(0);
    await ask(home, "deposit", 5);
    expect(await ask(deploy(first), "cents")).toBe(500);
    expect((await journal.read(entity, 5, 10)).map(({ version }) => version)).toEqual([6]);
  });
});
