import { describe, expect, test } from "vitest";
import { z } from "zod";
import { command, defineEntity } from "./definition.ts";
import { ExecutorHarness, ref, turns } from "./executor-harness.ts";
import type { CapturedEntity, FromExecutor } from "./executor-messages.ts";
import { type PackedState, packState } from "./packed-state.ts";

/** A handler that ends when the test says so. */
function gated() {
  const open: (() => void)[] = [];
  const Gated = defineEntity("gated", {
    state: () => ({ value: 0 }),
    commands: {
      set: command(z.number(), ({ state }, value) => {
        state.value = value;
      }),
      get: command(({ state }) => state.value),
      wait: command(z.number(), async (context, value) => {
        await new Promise<void>((resolve) => open.push(resolve));
        context.state.value = value;
        return value;
      }),
      untilAborted: command(({ signal }) => {
        return new Promise((_resolve, reject) => {
          signal.addEventListener("abort", () => reject(signal.reason));
        });
      }),
      spoil: command(({ state }) => {
        // Kept past the handler's end, to spoil the adopted state behind the executor's back.
        spoil = () => Object.assign(state, { fn: () => 1 });
      }),
    },
  });
  let spoil: () => void = () => undefined;
  const harness = new ExecutorHarness([Gated]);
  return {
    harness,
    spoil: () => spoil(),
    /** Lets the oldest waiting handler end. */
    release: async () => {
      open.shift()?.();
      await turns();
    },
  };
}

const carried = (value: number): CapturedEntity[] => [
  { namespace: "default", type: "gated", id: "c", state: { value } },
];

/** `absent`, or the phase with its epoch. */
function phaseOf(harness: ExecutorHarness): string {
  const [held] = harness.executor.describe();
  return held === undefined ? "absent" : `${held.phase}@${held.epoch}`;
}

const nameOf = (message: FromExecutor): string => {
  switch (message.tag) {
    case "copied":
    case "captured":
    case "capture-failed":
      return `${message.tag}(${message.handoffId})@${message.epoch}`;
    case "dropped":
      return `dropped@${message.epoch}`;
    default:
      return message.tag;
  }
};

// Every state is reached at epoch 5 with handoff h1 where there is one.
const states = {
  absent: async () => gated(),
  serving: async () => {
    const made = gated();
    made.harness.open(5);
    return made;
  },
  running: async () => {
    const made = gated();
    made.harness.open(5);
    made.harness.send("gated", "a", "wait", 1);
    await turns();
    return made;
  },
  draining: async () => {
    const made = await states.running();
    made.harness.drain("h1");
    return made;
  },
  frozen: async () => {
    const made = gated();
    made.harness.open(5);
    made.harness.drain("h1");
    return made;
  },
};
type State = "absent" | "serving" | "running" | "draining" | "frozen";

const inputs = {
  "open@4": (h: ExecutorHarness) => h.open(4),
  "open@5": (h: ExecutorHarness) => h.open(5),
  "open@6": (h: ExecutorHarness) => h.open(6),
  "reopen@4": (h: ExecutorHarness) => h.reopen(4),
  "reopen@5": (h: ExecutorHarness) => h.reopen(5),
  "reopen@6": (h: ExecutorHarness) => h.reopen(6),
  "copy(h1)@4": (h: ExecutorHarness) => h.copy("h1", 4),
  "copy(h1)@5": (h: ExecutorHarness) => h.copy("h1", 5),
  "copy(h1)@6": (h: ExecutorHarness) => h.copy("h1", 6),
  "drain(h1)@4": (h: ExecutorHarness) => h.drain("h1", 4),
  "drain(h1)@5": (h: ExecutorHarness) => h.drain("h1", 5),
  "drain(h2)@5": (h: ExecutorHarness) => h.drain("h2", 5),
  "drain(h1)@6": (h: ExecutorHarness) => h.drain("h1", 6),
  "drop@4": (h: ExecutorHarness) => h.drop(4),
  "drop@5": (h: ExecutorHarness) => h.drop(5),
  "drop@6": (h: ExecutorHarness) => h.drop(6),
  "request@4": (h: ExecutorHarness) => h.send("gated", "x", "get", undefined, { epoch: 4 }),
  "request@5": (h: ExecutorHarness) => h.send("gated", "x", "get", undefined, { epoch: 5 }),
  "request@6": (h: ExecutorHarness) => h.send("gated", "x", "get", undefined, { epoch: 6 }),
};
type Input = keyof typeof inputs;

// What the shard is afterwards, and what was said: replies by outcome, the rest by name.
const table: Record<State, Record<Input, string>> = {
  absent: {
    "open@4": "serving@4",
    "open@5": "serving@5",
    "open@6": "serving@6",
    "reopen@4": "serving@4",
    "reopen@5": "serving@5",
    "reopen@6": "serving@6",
    "copy(h1)@4": "absent capture-failed(h1)@4",
    "copy(h1)@5": "absent capture-failed(h1)@5",
    "copy(h1)@6": "absent capture-failed(h1)@6",
    "drain(h1)@4": "absent capture-failed(h1)@4",
    "drain(h1)@5": "absent capture-failed(h1)@5",
    "drain(h2)@5": "absent capture-failed(h2)@5",
    "drain(h1)@6": "absent capture-failed(h1)@6",
    "drop@4": "absent dropped@4",
    "drop@5": "absent dropped@5",
    "drop@6": "absent dropped@6",
    "request@4": "absent bounce",
    "request@5": "absent bounce",
    "request@6": "absent bounce",
  },
  serving: {
    "open@4": "serving@5",
    "open@5": "serving@5",
    "open@6": "serving@6",
    "reopen@4": "serving@5",
    "reopen@5": "serving@5",
    "reopen@6": "serving@6",
    "copy(h1)@4": "serving@5",
    "copy(h1)@5": "serving@5 copied(h1)@5",
    "copy(h1)@6": "serving@5 capture-failed(h1)@6",
    "drain(h1)@4": "serving@5",
    "drain(h1)@5": "frozen@5 captured(h1)@5",
    "drain(h2)@5": "frozen@5 captured(h2)@5",
    "drain(h1)@6": "serving@5 capture-failed(h1)@6",
    "drop@4": "serving@5",
    "drop@5": "absent dropped@5",
    "drop@6": "absent dropped@6",
    "request@4": "serving@5 bounce",
    "request@5": "serving@5 ok 0",
    "request@6": "serving@5 bounce",
  },
  running: {
    "open@4": "serving@5",
    "open@5": "serving@5",
    "open@6": "serving@6 OUTCOME_UNKNOWN executed=unknown",
    "reopen@4": "serving@5",
    "reopen@5": "serving@5",
    "reopen@6": "serving@6",
    "copy(h1)@4": "serving@5",
    "copy(h1)@5": "serving@5 copied(h1)@5",
    "copy(h1)@6": "serving@5 capture-failed(h1)@6",
    "drain(h1)@4": "serving@5",
    "drain(h1)@5": "draining@5",
    "drain(h2)@5": "draining@5",
    "drain(h1)@6": "serving@5 capture-failed(h1)@6",
    "drop@4": "serving@5",
    "drop@5": "absent OUTCOME_UNKNOWN executed=unknown dropped@5",
    "drop@6": "absent OUTCOME_UNKNOWN executed=unknown dropped@6",
    "request@4": "serving@5 bounce",
    "request@5": "serving@5 ok 0",
    "request@6": "serving@5 bounce",
  },
  draining: {
    "open@4": "draining@5",
    "open@5": "draining@5",
    "open@6": "serving@6 OUTCOME_UNKNOWN executed=unknown",
    "reopen@4": "draining@5",
    "reopen@5": "serving@5 capture-failed(h1)@5",
    "reopen@6": "serving@6 capture-failed(h1)@5",
    "copy(h1)@4": "draining@5",
    "copy(h1)@5": "draining@5",
    "copy(h1)@6": "draining@5 capture-failed(h1)@6",
    "drain(h1)@4": "draining@5",
    "drain(h1)@5": "draining@5",
    "drain(h2)@5": "draining@5",
    "drain(h1)@6": "draining@5 capture-failed(h1)@6",
    "drop@4": "draining@5",
    "drop@5": "absent OUTCOME_UNKNOWN executed=unknown dropped@5",
    "drop@6": "absent OUTCOME_UNKNOWN executed=unknown dropped@6",
    "request@4": "draining@5 bounce",
    "request@5": "draining@5 bounce",
    "request@6": "draining@5 bounce",
  },
  frozen: {
    "open@4": "frozen@5",
    "open@5": "frozen@5",
    "open@6": "serving@6",
    "reopen@4": "frozen@5",
    "reopen@5": "frozen@5",
    "reopen@6": "serving@6",
    "copy(h1)@4": "frozen@5",
    "copy(h1)@5": "frozen@5",
    "copy(h1)@6": "frozen@5 capture-failed(h1)@6",
    "drain(h1)@4": "frozen@5",
    "drain(h1)@5": "frozen@5 captured(h1)@5",
    "drain(h2)@5": "frozen@5 captured(h2)@5",
    "drain(h1)@6": "frozen@5 capture-failed(h1)@6",
    "drop@4": "frozen@5",
    "drop@5": "absent dropped@5",
    "drop@6": "absent dropped@6",
    "request@4": "frozen@5 bounce",
    "request@5": "frozen@5 bounce",
    "request@6": "frozen@5 bounce",
  },
};

describe("a shard's life: every state and every message", () => {
  for (const [state, row] of Object.entries(table) as [State, Record<Input, string>][]) {
    test.each(Object.entries(row) as [Input, string][])(
      `${state} + %s -> %s`,
      async (input, to) => {
        const { harness } = await states[state]();
        const before = harness.said.length;
        inputs[input](harness);
        const said = harness.said
          .slice(before)
          .map((message) =>
            message.tag === "reply" ? harness.outcome(message.requestId) : nameOf(message),
          );
        expect([phaseOf(harness), ...said].join(" ")).toBe(to);
      },
    );
  }
});

describe("open", () => {
  test("restores what was carried, and what it cannot know it carries on", () => {
    const { harness } = gated();
    const stray = { namespace: "n", type: "future", id: "f", state: [1] };
    harness.open(2, [...carried(7), stray]);
    expect(harness.ask("gated", "c", "get")).toBe("ok 7");
    expect(harness.ask("future", "f", "get", undefined, { namespace: "n" })).toBe(
      "ENTITY_TYPE_UNKNOWN executed=no",
    );
    harness.drain();
    expect(harness.about()).toMatchObject([{ tag: "captured", entities: [stray, ...carried(7)] }]);
  });

  test("a second open at the same epoch keeps the state", () => {
    const { harness } = gated();
    harness.open(2, carried(7));
    harness.ask("gated", "c", "set", 8);
    harness.open(2, carried(7));
    expect(harness.ask("gated", "c", "get")).toBe("ok 8");
  });

  test("at a higher epoch starts from what that one carries", () => {
    const { harness } = gated();
    harness.open(2, carried(7));
    harness.open(3, null);
    expect(harness.ask("gated", "c", "get")).toBe("ok 0");
  });
});

describe("open after drop", () => {
  test("starts anew, whatever the epoch: which epochs are stale is the region's to know", () => {
    const { harness } = gated();
    harness.open(5, carried(7));
    harness.drop();
    harness.open(5, carried(1));
    expect(harness.ask("gated", "c", "get")).toBe("ok 1");
  });
});

describe("reopen", () => {
  test("keeps the state under the new epoch", () => {
    const { harness } = gated();
    harness.open(2, carried(7));
    harness.reopen(3);
    expect(harness.ask("gated", "c", "get", undefined, { epoch: 2 })).toBe("bounce");
    expect(harness.ask("gated", "c", "get")).toBe("ok 7");
  });

  test("a handler that runs across it ends as usual", async () => {
    const { harness, release } = gated();
    harness.open(2);
    const waiting = harness.send("gated", "a", "wait", 4);
    harness.reopen(3);
    harness.mayServe = (epoch) => epoch === 3;
    await release();
    expect(harness.outcome(waiting)).toBe("ok 4");
    expect(harness.ask("gated", "a", "get")).toBe("ok 4");
  });

  test("thaws a frozen shard with the state it had", () => {
    const { harness } = gated();
    harness.open(2, carried(7));
    harness.drain();
    harness.reopen(4);
    expect(harness.ask("gated", "c", "get")).toBe("ok 7");
    expect(harness.ask("gated", "c", "set", 1)).toBe("ok null");
    harness.drain("h2");
    expect(harness.about()).toMatchObject([
      { tag: "captured", handoffId: "h1", epoch: 2, entities: carried(7) },
      { tag: "captured", handoffId: "h2", epoch: 4, entities: carried(1) },
    ]);
  });

  test("ends a drain that has not captured yet, and answers it: nothing of it bounces any more", async () => {
    const { harness, release } = gated();
    harness.open(2);
    harness.send("gated", "a", "wait", 4);
    harness.drain();
    harness.reopen(2);
    await release();
    expect(harness.about()).toMatchObject([{ tag: "capture-failed", handoffId: "h1", epoch: 2 }]);
    expect(harness.ask("gated", "a", "get")).toBe("ok 4");
  });
});

describe("drain", () => {
  test("lets the running handler end, bounces the rest in order, and captures its effect", async () => {
    const { harness, release } = gated();
    harness.open(2);
    const running = harness.send("gated", "a", "wait", 4);
    const queued = [1, 2, 3].map((value) => harness.send("gated", "a", "set", value));
    harness.drain();
    expect(harness.said.map((said) => said.tag === "reply" && said.requestId)).toEqual(queued);
    expect(queued.map((id) => harness.outcome(id))).toEqual(["bounce", "bounce", "bounce"]);
    expect(harness.outcome(running)).toBe("none");
    await release();
    expect(harness.outcome(running)).toBe("ok 4");
    expect(harness.about().at(-1)).toMatchObject({
      tag: "captured",
      ...ref,
      epoch: 2,
      handoffId: "h1",
      entities: [{ namespace: "default", type: "gated", id: "a", state: { value: 4 } }],
    });
  });

  test("captures a copy: the source's later life does not change it", () => {
    const { harness, spoil } = gated();
    harness.open(2, carried(7));
    harness.ask("gated", "c", "spoil");
    harness.drain();
    spoil();
    expect(harness.about()).toEqual([
      { tag: "captured", ...ref, epoch: 2, handoffId: "h1", entities: carried(7), warm: [] },
    ]);
  });

  test("a state that cannot be captured is named, and the shard serves on at once", () => {
    const { harness, spoil } = gated();
    harness.open(2, carried(7));
    harness.ask("gated", "c", "spoil");
    spoil();
    harness.drain();
    expect(harness.about()).toEqual([
      {
        tag: "capture-failed",
        ...ref,
        epoch: 2,
        handoffId: "h1",
        why: "default/gated/c: state.fn is a function: only plain data can be kept and sent.",
      },
    ]);
    expect(phaseOf(harness)).toBe("serving@2");
    expect(harness.ask("gated", "other", "get")).toBe("ok 0");
  });

  test("aborts handlers after its time, and captures the state without their effects", async () => {
    const { harness, release } = gated();
    harness.open(2, carried(7));
    const stuck = harness.send("gated", "c", "wait", 4);
    const listening = harness.send("gated", "d", "untilAborted");
    harness.drain("h1", 2, 500);
    harness.clock.advance(499);
    expect(harness.outcome(stuck)).toBe("none");
    harness.clock.advance(1);
    expect(harness.outcome(stuck)).toBe("HANDLER_ABORTED executed=unknown");
    expect(harness.outcome(listening)).toBe("HANDLER_ABORTED executed=unknown");
    expect(harness.about()).toMatchObject([{ tag: "captured", handoffId: "h1" }]);
    expect(harness.about()[0]).toMatchObject({ entities: [...carried(7), { id: "d" }] });
    await release();
    harness.reopen(3);
    expect(harness.ask("gated", "c", "get")).toBe("ok 7");
  });

  test("said again with a time, it aborts after that time", () => {
    const { harness } = gated();
    harness.open(2);
    const stuck = harness.send("gated", "c", "wait", 4);
    harness.drain("h1", 2, null);
    harness.clock.advance(60_000);
    expect(harness.outcome(stuck)).toBe("none");
    harness.drain("h1", 2, 100);
    harness.clock.advance(100);
    expect(harness.outcome(stuck)).toBe("HANDLER_ABORTED executed=unknown");
  });

  test("what it captured opens elsewhere as it was", () => {
    const source = gated().harness;
    source.open(2);
    for (let value = 0; value < 20; value += 1) source.ask("gated", `e${value}`, "set", value);
    source.drain();
    const [captured] = source.about();
    if (captured?.tag !== "captured") throw new Error("not captured");
    const target = gated().harness;
    target.open(3, captured.entities);
    for (let value = 0; value < 20; value += 1) {
      expect(target.ask("gated", `e${value}`, "get")).toBe(`ok ${value}`);
    }
  });
});

describe("drop", () => {
  test("aborts the handler, whose outcome is unknown, and bounces what waits", async () => {
    const { harness, release } = gated();
    harness.open(2, carried(7));
    const running = harness.send("gated", "c", "wait", 4);
    const queued = harness.send("gated", "c", "get");
    const aborted = harness.send("gated", "d", "untilAborted");
    harness.drop();
    await release();
    expect(harness.outcome(running)).toBe("OUTCOME_UNKNOWN executed=unknown");
    expect(harness.outcome(queued)).toBe("bounce");
    expect(harness.outcome(aborted)).toBe("OUTCOME_UNKNOWN executed=unknown");
    expect(harness.executor.stats()).toEqual({ entities: 0, waiting: 0, running: 0 });
    expect(harness.executor.describe()).toEqual([]);
  });

  test("a handler of a former life has no effect on the next one", async () => {
    const { harness, release } = gated();
    harness.open(2);
    harness.send("gated", "a", "wait", 4);
    harness.drop();
    harness.open(3);
    expect(harness.ask("gated", "a", "get")).toBe("ok 0");
    await release();
    expect(harness.ask("gated", "a", "get")).toBe("ok 0");
  });
});

describe("a shard with a large state", () => {
  /** Ten entities, and a clock by which each takes two milliseconds: four to a slice. */
  const large = () => {
    const made = gated();
    const { harness } = made;
    harness.open(2);
    for (let id = 0; id < 10; id += 1) harness.ask("gated", `e${id}`, "set", id);
    harness.clock.costMs = 2;
    return made;
  };
  const names = (count: number) => Array.from({ length: count }, (_, id) => ({ id: `e${id}` }));
  /** What is due, slice by slice, until nothing is. */
  const finish = (harness: ExecutorHarness): number => {
    for (let slices = 1; ; slices += 1) {
      const before = harness.said.length;
      harness.clock.advance(1);
      if (harness.said.length > before || slices === 20) return slices;
    }
  };

  test("is captured in slices, between which everything else has its turn", () => {
    const { harness } = large();
    harness.drain();
    expect(phaseOf(harness)).toBe("draining@2");
    expect(harness.about()).toEqual([]);
    expect(harness.ask("gated", "e1", "set", 7)).toBe("bounce");
    expect(finish(harness)).toBeGreaterThan(1);
    expect(harness.about()).toMatchObject([{ tag: "captured", entities: names(10) }]);
    expect(phaseOf(harness)).toBe("frozen@2");
  });

  test("whose handoff is given up meanwhile serves on, and is not captured", () => {
    const { harness } = large();
    harness.drain();
    harness.reopen(3);
    harness.clock.costMs = 0;
    harness.clock.advance(1_000);
    expect(harness.about()).toMatchObject([{ tag: "capture-failed", handoffId: "h1", epoch: 2 }]);
    expect(harness.ask("gated", "e9", "get")).toBe("ok 9");
  });

  test("that is drained again meanwhile is captured once, for the later handoff", () => {
    const { harness } = large();
    harness.drain("h1");
    harness.drain("h2", 2, 1_000);
    finish(harness);
    harness.clock.advance(2_000);
    expect(harness.about()).toMatchObject([{ tag: "captured", handoffId: "h2" }]);
  });

  test("that is dropped meanwhile is not captured, and leaves nothing", () => {
    const { harness } = large();
    harness.drain();
    harness.drop();
    expect(harness.ask("gated", "e1", "get")).toBe("bounce");
    for (let slice = 0; slice < 20; slice += 1) harness.clock.advance(1);
    expect(harness.about()).toMatchObject([{ tag: "dropped" }]);
    expect(harness.executor.stats()).toEqual({ entities: 0, waiting: 0, running: 0 });
  });

  test("with an entity that is too large to move is not captured, and serves on at once", () => {
    const harness = new ExecutorHarness([
      defineEntity("box", {
        state: () => ({ text: "" }),
        commands: {
          fill: command(z.number(), ({ state }, size) => {
            state.text = "x".repeat(size);
          }),
          size: command(({ state }) => state.text.length),
        },
      }),
    ]);
    harness.open(2);
    harness.ask("box", "a", "fill", 1);
    harness.ask("box", "b", "fill", 5 * 1024 * 1024);
    harness.drain();
    expect(harness.about()).toMatchObject([
      {
        tag: "capture-failed",
        why: "default/box/b: its state is above 4 MiB: an entity of this size cannot move.",
      },
    ]);
    expect(harness.ask("box", "b", "size")).toBe("ok 5242880");
  });

  test("is restored in slices while it comes, and is ready when it is opened", () => {
    const source = large().harness;
    source.drain();
    finish(source);
    const [captured] = source.about();
    if (captured?.tag !== "captured") throw new Error("not captured");
    const { harness } = gated();
    harness.open(5, carried(1));
    harness.drop();
    const before = harness.said.length;
    harness.clock.costMs = 2;
    harness.carry("h1", packState(captured.entities) as PackedState);
    expect(harness.said).toHaveLength(before);
    expect(() => harness.openCarried(6, "h1")).toThrow("is not here");
    finish(harness);
    expect(harness.said.slice(before)).toMatchObject([{ tag: "carried", handoffId: "h1" }]);
    harness.openCarried(6, "h1");
    expect(harness.ask("gated", "e9", "get")).toBe("ok 9");
    expect(harness.executor.stats().entities).toBe(10);
  });

  test("that is forgotten while it comes, or after, leaves nothing", () => {
    const { harness } = gated();
    const state = packState(carried(1)) as PackedState;
    harness.carry("h1", state);
    expect(harness.executor.stats().entities).toBe(1);
    harness.executor.post({ tag: "forget", handoffId: "h1" });
    expect(harness.executor.stats().entities).toBe(0);
    expect(() => harness.openCarried(6, "h1")).toThrow("is not here");
  });

  test("that cannot be read is refused, and leaves nothing", () => {
    const { harness } = gated();
    const [chunk] = (packState(carried(1)) as PackedState).chunks as [Uint8Array];
    const more = Buffer.concat([chunk, Buffer.from([1, 0, 0, 0, 7])]);
    harness.carry("h1", { chunks: [more], digest: "", size: more.length });
    expect(harness.about()).toMatchObject([
      { tag: "carry-failed", handoffId: "h1", why: "5 bytes after the end" },
    ]);
    expect(harness.executor.stats().entities).toBe(0);
  });
});
