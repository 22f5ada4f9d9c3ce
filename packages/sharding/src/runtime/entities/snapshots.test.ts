import { beforeEach, describe, expect, test, vi } from "vitest";
import { z } from "zod";
import { ManualClock } from "../../adapters/memory/manual-clock.ts";
import { MemoryPostgres } from "../../adapters/memory/memory-postgres.ts";
import { StoreUnavailableError } from "../../errors.ts";
import type { Journal, NewSnapshot, StoredEntity } from "../../ports/journal.ts";
import { command, defineEntity, emit } from "./definition.ts";
import { ExecutorHarness, ref } from "./executor-harness.ts";

const list = (stateVersion: number, snapshotEvery = 3) =>
  defineEntity("list", {
    state: (): { items: string[]; at?: Date } => ({ items: [] }),
    events: {
      added: ({ items }, item: string) => ({ items: [...items, item] }),
      dated: ({ items }, _none: null) => ({ items, at: new Date(0) }),
    },
    stateVersion,
    snapshotEvery,
    commands: {
      add: command(z.string(), (_context, item) => emit(null, { added: item })),
      addMany: command(z.number(), (_context, count) =>
        emit(null, ...Array.from({ length: count }, () => ({ added: "x" }))),
      ),
      date: command(() => emit(null, { dated: null })),
      items: command(({ state }) => state.items),
    },
  });

describe("snapshots", () => {
  let postgres: MemoryPostgres;
  let journal: Journal;
  let home: ExecutorHarness;
  const entity: StoredEntity = { ...ref, namespace: "default", type: "list", id: "a" };

  beforeEach(() => {
    postgres = new MemoryPostgres({ clock: new ManualClock() });
    journal = postgres.journal();
    home = new ExecutorHarness([list(1)], journal);
    home.open();
  });

  const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

  const ask = async (name: string, input?: unknown, of = home): Promise<unknown> => {
    const id = of.send("list", "a", name, input);
    await vi.waitFor(() => expect(of.replyOf(id)).toBeDefined());
    const reply = of.replyOf(id);
    return reply?.ok === true ? reply.value : of.outcome(id);
  };

  const add = async (...items: string[]): Promise<void> => {
    for (const item of items) await ask("add", item);
    await turn();
  };

  const kept = async (stateVersion = 1) => (await journal.replay(entity, stateVersion, 1)).snapshot;

  /** The next owner, which loads it from the journal. */
  const next = (definition = list(1)): ExecutorHarness => {
    const successor = new ExecutorHarness([definition], journal);
    successor.open(home.epoch + 1);
    return successor;
  };

  test("are kept after so many events", async () => {
    await add("a", "b");
    expect(await kept()).toBeNull();
    await add("c");
    expect(await kept()).toEqual({ version: 3, state: { items: ["a", "b", "c"] } });
    await add("d", "e");
    expect(await kept()).toMatchObject({ version: 3 });
    await add("f");
    expect(await kept()).toMatchObject({ version: 6 });
  });

  test("are what the next owner loads, with the events after it and no others", async () => {
    await add("a", "b", "c", "d");
    const replay = vi.spyOn(journal, "replay");
    expect(await ask("items", undefined, next())).toEqual(["a", "b", "c", "d"]);
    const loaded = await Promise.all(replay.mock.results.map(({ value }) => value));
    expect(loaded).toMatchObject([{ snapshot: { version: 3 }, events: [{ version: 4 }] }]);
  });

  test("of another state version are not used: the events are folded from the first", async () => {
    await add("a");
    const wrong = { items: ["wrong"] };
    const old: NewSnapshot = {
      ...{ ...entity, epoch: 1, incarnation: "life-1", version: 1, state: wrong },
      ...{ stateVersion: 1, deleteUpTo: 0 },
    };
    await journal.keep([old]);
    expect(await ask("items", undefined, next(list(2)))).toEqual(["a"]);
    expect(await ask("items", undefined, next(list(1)))).toEqual(["wrong"]);
  });

  test("are made for what took many events to load, before it changes again", async () => {
    home = new ExecutorHarness([list(1, 1_000)], journal);
    home.open();
    await add("a", "b", "c", "d");
    expect(await kept()).toBeNull();
    await ask("items", undefined, next());
    await turn();
    expect(await kept()).toMatchObject({ version: 4 });
  });

  test("follow large events sooner", async () => {
    home = new ExecutorHarness([list(1, 1_000)], journal);
    home.open();
    await add("x".repeat(200_000));
    expect(await kept()).toBeNull();
    await add("x".repeat(100_000));
    expect(await kept()).toMatchObject({ version: 2 });
  });

  test("that cannot be kept are made up for by later ones, and hold nobody up", async () => {
    const keep = vi.spyOn(journal, "keep");
    keep.mockRejectedValueOnce(new StoreUnavailableError("Postgres is away."));
    await add("a", "b", "c", "d");
    expect(await kept()).toBeNull();
    await add("e", "f");
    expect(await kept()).toMatchObject({ version: 6 });
  });

  test("are not made of a state that JSON would change; the entity is folded from its events", async () => {
    await add("a", "b");
    await ask("date");
    await turn();
    expect(await kept()).toBeNull();
    expect(await ask("items", undefined, next())).toEqual(["a", "b"]);
  });

  test("wait for the one under way, one per entity", async () => {
    let release = (): void => undefined;
    const real = journal.keep.bind(journal);
    const keep = vi.spyOn(journal, "keep");
    keep.mockImplementationOnce(async (batch) => {
      await new Promise<void>((resolve) => {
        release = resolve;
      });
      return await real(batch);
    });
    await add("a", "b", "c", "d", "e", "f", "g", "h", "i");
    expect(keep).toHaveBeenCalledTimes(1);
    release();
    await vi.waitFor(async () => expect(await kept()).toMatchObject({ version: 9 }));
    expect(keep).toHaveBeenCalledTimes(2);
  });

  test("a command that emits too much is refused as a whole", async () => {
    expect(await ask("addMany", 1_001)).toContain("COMMAND_FAILED");
    expect(await ask("items")).toEqual([]);
    expect(await ask("addMany", 1_000)).toBeNull();
    expect(await ask("add", "x".repeat(1024 * 1024))).toContain("COMMAND_FAILED");
    expect(await ask("items")).toHaveLength(1_000);
  });
});
