import { describe, expect, it } from "vitest";
import { z } from "zod";
import { ManualClock } from "../../adapters/memory/manual-clock.ts";
import { LaneJoinFailedError, LaneSpawnFailedError } from "../../errors.ts";
import { createDropCounter } from "../../ports/drop-counter.ts";
import type { Journal } from "../../ports/journal.ts";
import { MemoryLanes, type MemoryLanesOptions } from "../../testkit/memory-lanes.ts";
import { catalogOf } from "../entities/catalog.ts";
import type { EntityCall } from "../entities/context.ts";
import { type AnyEntityDefinition, command, defineEntity } from "../entities/definition.ts";
import type { EntityReply, FromExecutor } from "../entities/executor-messages.ts";
import { packState } from "../entities/packed-state.ts";
import { Grant } from "../grant.ts";
import { Serving } from "../serving.ts";
import { LanesExecutor } from "./lanes-executor.ts";

const enter = { enter: command(() => null) };
const Room = defineEntity("room", { group: "rooms", state: () => ({}), commands: enter });

const Counter = defineEntity("counter", {
  state: () => ({ value: 0 }),
  commands: {
    add: command(({ state }) => {
      state.value += 1;
      return state.value;
    }),
    echo: command(z.unknown(), (_, input) => input),
    forEver: command(({ signal }) => {
      const { promise, resolve } = Promise.withResolvers<string>();
      signal.addEventListener("abort", () => resolve("aborted"));
      return promise;
    }),
    ask: command(({ node }) => node.entity(Room, "other").enter()),
  },
});

const carried = { namespace: "default", type: "counter", id: "e0" };
const shards = 128;
const everyShard = Array.from({ length: shards }, (_, shard) => ({ group: "default", shard }));

interface SceneOptions extends Partial<MemoryLanesOptions> {
  readonly isStrict?: boolean;
}

class Scene {
  readonly clock = new ManualClock();
  readonly serving = new Serving();
  readonly drops = createDropCounter();
  readonly said: FromExecutor[] = [];
  readonly logged: string[] = [];
  readonly failures: LaneJoinFailedError[] = [];
  readonly calls: EntityCall[] = [];
  readonly executor: LanesExecutor;
  readonly lanes: MemoryLanes;
  #lastId = 0;

  constructor({ isStrict = true, ...more }: SceneOptions = {}) {
    const { clock, drops } = this;
    const entities = [Counter, Room];
    this.lanes = new MemoryLanes({ lanes: 2, clock, entities: () => entities, ...more });
    this.executor = new LanesExecutor({
      ...{
        threads: this.lanes,
        catalog: catalogOf(entities, { shards, strategy: "least-loaded" }),
      },
      ...{ nodeId: "node-1", clock, drops, isStrict, stuckMs: 1_000, stored: () => undefined },
      log: (level, message, fields) =>
        this.logged.push(`${level} ${message} ${JSON.stringify(fields)}`),
      call: async (call) => {
        this.calls.push(call);
        return 7;
      },
      failed: (error) => this.failures.push(error),
    });
    this.executor.onMessage((message) => this.said.push(message));
    this.serving.share(this.executor.table);
    this.serving.begin(new Grant({ nodeId: "node-1", incarnation: "life" }, clock, 60_000));
  }

  async run(ms = 5): Promise<void> {
    for (let passed = 0; passed < ms; passed += 1) {
      this.clock.advance(1);
      for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
    }
  }

  async result<T>(promise: Promise<T>, ms = 10_000): Promise<T> {
    let isSettled = false;
    const settled = (): void => {
      isSettled = true;
    };
    promise.then(settled, settled);
    for (let passed = 0; !isSettled && passed < ms; passed += 5) await this.run();
    expect(isSettled, "the promise settles").toBe(true);
    return await promise;
  }

  async start(): Promise<this> {
    await this.result(this.executor.start());
    return this;
  }

  open(shard: number, epoch = 1): void {
    this.serving.open({ group: "default", shard }, epoch);
    this.executor.post({
      ...{ tag: "open", group: "default", shard, epoch, incarnation: "life", carried: null },
    });
  }

  send(shard: number, name: string, input?: unknown): number {
    this.#lastId += 1;
    const request = { group: "default", shard, epoch: 1, namespace: "default", type: "counter" };
    this.executor.post({
      tag: "request",
      request: {
        ...{ ...request, requestId: this.#lastId, id: `e${shard}`, command: name, input },
        ...{ deadlineMs: Number.POSITIVE_INFINITY, chain: [], key: null },
      },
    });
    return this.#lastId;
  }

  /** @throws where it was answered twice. */
  outcome(requestId: number): string {
    const replies = this.said.filter(
      (message) => message.tag === "reply" && message.requestId === requestId,
    ) as Extract<FromExecutor, { tag: "reply" }>[];
    expect(replies.length).toBeLessThanOrEqual(1);
    return replies.map(({ reply }) => outcomeOf(reply))[0] ?? "none";
  }

  dropped(variant: string, reason: string): number {
    const found = this.drops
      .snapshot()
      .find((entry) => entry.variant === variant && entry.reason === reason);
    return found?.count ?? Number.NaN;
  }
}

function outcomeOf(reply: EntityReply): string {
  if (reply.ok) return `ok ${JSON.stringify(reply.value)}`;
  return "bounce" in reply ? "bounce" : `${reply.error.code} executed=${reply.error.executed}`;
}

const laneCounts = Array.from({ length: 63 }, (_, index) => index + 2);

describe("entities in lanes", () => {
  it.each(laneCounts)(
    "are told everything about their shard, over %i lanes, and nothing reaches another lane",
    async (lanes) => {
      const main = await new Scene({ lanes }).start();
      for (const { shard } of everyShard) main.open(shard);
      const asked = everyShard.map(({ shard }) => main.send(shard, "forEver"));
      await main.run();
      // By number: which lane has it, nobody says.
      for (const requestId of asked) main.executor.post({ tag: "cancel", requestId });
      for (const ref of everyShard) {
        main.executor.post({ tag: "drain", ...ref, epoch: 1, handoffId: "h", abortAfterMs: null });
      }
      await main.run();
      expect(new Set(asked.map((requestId) => main.outcome(requestId)))).toEqual(
        new Set(['ok "aborted"']),
      );
      const captured = main.said.filter(({ tag }) => tag === "captured");
      expect(captured).toHaveLength(shards);
      for (const ref of everyShard) main.executor.post({ tag: "drop", ...ref, epoch: 1 });
      await main.run();
      expect(main.said.filter(({ tag }) => tag === "dropped")).toHaveLength(shards);
      expect(main.failures).toEqual([]);
    },
  );

  it("answer in order, each once, however many there are in one go", async () => {
    const main = await new Scene().start();
    for (const { shard } of everyShard) main.open(shard);
    const asked = [1, 2, 3].flatMap(() => everyShard.map(({ shard }) => main.send(shard, "add")));
    await main.run();
    const values = asked.map((requestId) => main.outcome(requestId));
    expect(values).toEqual([1, 2, 3].flatMap((value) => everyShard.map(() => `ok ${value}`)));
  });

  it("have the calls of their handlers answered", async () => {
    const main = await new Scene().start();
    main.open(0);
    const asked = main.send(0, "ask");
    await main.run();
    expect(main.outcome(asked)).toBe("ok 7");
    expect(main.calls).toMatchObject([
      { type: "room", id: "other", chain: ["default/counter/e0"] },
    ]);
  });

  it("take the state that a handoff brings, and leave alone the frame that it came in", async () => {
    const main = await new Scene().start();
    const frame = new Uint8Array(
      packState([{ ...carried, state: { value: 41 } }])?.chunks[0] ?? [],
    );
    const bytes = frame.subarray(0);
    const ref = { group: "default", shard: 0 };
    const received = bytes.length;
    main.executor.post({ tag: "carry", ...ref, handoffId: "h", bytes, received });
    await main.run();
    expect(frame.length).toBe(received);
    main.serving.open(ref, 1);
    main.executor.post({ tag: "open", ...ref, epoch: 1, incarnation: "life", carried: "h" });
    const asked = main.send(0, "add");
    await main.run();
    expect(main.outcome(asked)).toBe("ok 42");
  });

  it("cannot be sent what no thread can take, and what goes with it arrives", async () => {
    const main = await new Scene().start();
    main.open(0);
    const good = main.send(0, "add");
    const bad = main.send(0, "echo", { callback: () => undefined });
    await main.run();
    expect([main.outcome(good), main.outcome(bad)]).toEqual([
      "ok 1",
      "COMMAND_INVALID executed=no",
    ]);
  });
});

describe("a lane's inbox", () => {
  it("refuses requests beyond its bound at once, counts them, and takes control all the same", async () => {
    const main = await new Scene({ inboxCapacity: 3, lanes: 1 }).start();
    main.open(0);
    main.lanes.threads[0]?.stick();
    const asked = [1, 2, 3, 4, 5].map(() => main.send(0, "add"));
    expect(asked.map((requestId) => main.outcome(requestId))).toEqual([
      ...["none", "none", "none"],
      ...["OVERLOADED executed=no", "OVERLOADED executed=no"],
    ]);
    expect(main.dropped("request", "full")).toBe(2);
    for (let shard = 1; shard < 20; shard += 1) main.open(shard);
    main.executor.post({
      ...{ tag: "drain", group: "default", shard: 0, epoch: 1, handoffId: "h", abortAfterMs: null },
    });
    await main.run();
    main.lanes.threads[0]?.unstick();
    await main.run();
    expect(asked.slice(0, 3).map((requestId) => main.outcome(requestId))).toEqual([
      ...["ok 1", "ok 2", "ok 3"],
    ]);
    expect(main.said.filter(({ tag }) => tag === "captured")).toHaveLength(1);
    const again = main.send(1, "add");
    await main.run();
    expect(main.outcome(again)).toBe("ok 1");
  });

  it("that gets another lane's message counts it and bounces it, and in development ends the lane", async () => {
    for (const isStrict of [false, true]) {
      const main = await new Scene({ isStrict }).start();
      main.open(0);
      await main.run();
      const request = {
        ...{ requestId: 9, group: "default", shard: 0, epoch: 1, namespace: "default", id: "x" },
        ...{ type: "counter", command: "add", input: null, deadlineMs: 1e9, chain: [], key: null },
      };
      for (const thread of main.lanes.threads) thread.post([{ tag: "request", request }], []);
      await main.run();
      expect(main.dropped("request", "misrouted")).toBe(isStrict ? 0 : 1);
      expect(main.failures).toHaveLength(isStrict ? 1 : 0);
      // The other lane has answered it.
      expect(main.said.filter(({ tag }) => tag === "reply")).toHaveLength(isStrict ? 1 : 2);
    }
  });
});

describe("lanes that start", () => {
  const broken = (lane: number): readonly AnyEntityDefinition[] => {
    if (lane === 1) throw new Error("the module throws here");
    return [Counter, Room];
  };

  it("are all there or none: one that fails ends the others, and its cause is told", async () => {
    const main = new Scene({ lanes: 3, entities: broken });
    const started = main.result(main.executor.start());
    await expect(started).rejects.toThrow("Lane 1 did not start: the module throws here");
    await expect(started).rejects.toBeInstanceOf(LaneSpawnFailedError);
    expect(main.lanes.threads.map(({ hasEnded }) => hasEnded)).toEqual([true, true, true]);
    expect(main.failures).toEqual([]);
  });

  it("have loaded what the main thread has", async () => {
    const other = defineEntity("counter", { state: () => ({}), commands: enter });
    const cases: [readonly AnyEntityDefinition[], string][] = [
      [[Counter], 'it has no entity type "room"'],
      [
        [other, Room],
        'its entity type "counter" is volatile, in group "default", with the commands enter',
      ],
      [[Counter, Room, defineEntity("more", { state: () => ({}), commands: enter })], '"more"'],
    ];
    for (const [entities, why] of cases) {
      const main = new Scene({ entities: (lane) => (lane === 1 ? entities : [Counter, Room]) });
      await expect(main.result(main.executor.start())).rejects.toThrow(why);
    }
  });
});

describe("a lane that fails", () => {
  it("bounces what it had not begun, and says of the rest that nobody knows", async () => {
    const main = await new Scene({ lanes: 1 }).start();
    main.open(0);
    const begun = main.send(0, "forEver");
    await main.run();
    main.lanes.threads[0]?.stick();
    const waiting = main.send(0, "add");
    main.executor.post({
      ...{ tag: "drain", group: "default", shard: 0, epoch: 1, handoffId: "h", abortAfterMs: null },
    });
    main.lanes.threads[0]?.fail(new Error("out of memory"));
    await main.run();
    expect(main.outcome(begun)).toBe("OUTCOME_UNKNOWN executed=unknown");
    expect(main.outcome(waiting)).toBe("bounce");
    const about = main.said.filter(({ tag }) => tag !== "reply").map(({ tag }) => tag);
    expect(about).toEqual(["capture-failed", "gave-up"]);
    expect(main.failures.map(({ message }) => message)).toEqual([
      "A lane has failed: lane 0: out of memory",
    ]);
    expect(main.outcome(main.send(0, "add"))).toBe("bounce");
    main.open(1);
    expect(main.said.at(-1)).toMatchObject({ tag: "gave-up", shard: 1 });
  });

  it("is told apart from a main thread that was blocked", async () => {
    const main = await new Scene().start();
    // A long time at once: pulses and looks come late together.
    main.clock.advance(60_000);
    await main.run();
    expect(main.failures).toEqual([]);
    main.lanes.threads[1]?.stick();
    await main.run(900);
    expect(main.failures).toEqual([]);
    await main.run(300);
    expect(main.failures.map(({ failures }) => failures.map(({ lane }) => lane))).toEqual([[1]]);
  });
});

describe("lanes that end", () => {
  it("answer what they hold, and what does not end is aborted", async () => {
    const main = await new Scene({ drainTimeoutMs: 1_000 }).start();
    for (const { shard } of everyShard) main.open(shard);
    const asked = everyShard.map(({ shard }) => main.send(shard, shard === 5 ? "forEver" : "add"));
    await main.result(main.executor.end());
    const outcomes = asked.map((requestId) => main.outcome(requestId));
    expect(outcomes[5]).toBe("OUTCOME_UNKNOWN executed=unknown");
    expect(outcomes.filter((outcome) => outcome === "ok 1")).toHaveLength(shards - 1);
  });

  it("are not blamed for having been busy: what is left of the time is enough", async () => {
    const journal = { close: () => new Promise(() => undefined) } as unknown as Journal;
    const main = await new Scene({
      ...{ lanes: 1, drainTimeoutMs: 1_000, journal: () => journal },
    }).start();
    main.open(0);
    const asked = main.send(0, "forEver");
    await main.run();
    main.lanes.threads[0]?.stick();
    const ended = main.executor.end();
    ended.catch(() => undefined);
    await main.run(800);
    main.lanes.threads[0]?.unstick();
    await main.result(ended);
    expect(main.outcome(asked)).toBe("OUTCOME_UNKNOWN executed=unknown");
  });

  it("wait for no stuck one longer than the one deadline of all, and it is named", async () => {
    const main = await new Scene({ lanes: 4, drainTimeoutMs: 500 }).start();
    main.lanes.threads[1]?.stick();
    main.lanes.threads[3]?.stick();
    const startMs = main.clock.monotonicMs();
    const ended = main.result(main.executor.end());
    await expect(ended).rejects.toThrow(
      "2 lanes have failed: lane 1: it did not end within 500 ms",
    );
    await expect(ended).rejects.toBeInstanceOf(LaneJoinFailedError);
    expect(main.clock.monotonicMs() - startMs).toBeLessThan(520);
    expect(main.logged.filter((line) => line.includes("stuck"))).toHaveLength(2);
  });

  it("are quiet once each has taken what was posted, or is gone", async () => {
    const main = await new Scene().start();
    for (const { shard } of everyShard) main.open(shard);
    main.lanes.threads[0]?.stick();
    for (const ref of everyShard) main.executor.post({ tag: "drop", ...ref, epoch: 1 });
    let isQuiet = false;
    void main.executor.quiet().then(() => {
      isQuiet = true;
    });
    await main.run(20);
    expect(isQuiet).toBe(false);
    main.lanes.threads[0]?.unstick();
    await main.run();
    expect(isQuiet).toBe(true);
    expect(main.said.filter(({ tag }) => tag === "dropped")).toHaveLength(shards);
  });
});
