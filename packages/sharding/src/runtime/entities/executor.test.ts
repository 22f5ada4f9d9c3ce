import { describe, expect, test } from "vitest";
import { z } from "zod";
import { CommandError, OutcomeUnknownError, OverloadedError } from "../../errors.ts";
import { command, defineEntity } from "./definition.ts";
import { ExecutorHarness } from "./executor-harness.ts";

class NoFundsError extends CommandError {
  constructor(left: number) {
    super("INSUFFICIENT_FUNDS", `Only ${left} left.`, { status: 422 });
  }
}

const Counter = defineEntity("counter", {
  state: () => ({ value: 0, history: [] as number[] }),
  mailboxLimit: 2,
  commands: {
    add: command(z.object({ by: z.number().int() }), ({ state }, { by }) => {
      state.history.push(by);
      state.value += by;
      return state.value;
    }),
    get: command(({ state }) => state.value),
    replace: command(z.object({ value: z.number() }), (context, { value }) => {
      context.state = { value, history: [] };
    }),
    break: command(z.object({ with: z.string() }), ({ state }, input) => {
      state.value = -1;
      state.history.length = 0;
      throw new TypeError(input.with);
    }),
    refuse: command(({ state }) => {
      state.value = -1;
      throw new NoFundsError(3);
    }),
    passOn: command(z.enum(["overloaded", "unknown"]), (_context, which) => {
      throw which === "overloaded" ? new OverloadedError("full") : new OutcomeUnknownError("lost");
    }),
    badAnswer: command(({ state }) => {
      state.value = -1;
      return { inner: [() => 1] };
    }),
    badState: command(({ state }) => {
      Object.assign(state, { fn: () => 1 });
    }),
    everything: command(({ state }) => state),
    big: command(() => 2n ** 63n),
  },
});

function opened(): ExecutorHarness {
  const harness = new ExecutorHarness([Counter]);
  harness.open();
  return harness;
}

const errorOf = (harness: ExecutorHarness, requestId: number) => {
  const reply = harness.replyOf(requestId);
  if (reply === undefined || reply.ok || !("error" in reply)) throw new Error("no error");
  return reply.error;
};

describe("a command", () => {
  test("changes the state in place, and answers within the turn", () => {
    const harness = opened();
    expect(harness.ask("counter", "a", "add", { by: 2 })).toBe("ok 2");
    expect(harness.ask("counter", "a", "add", { by: 3 })).toBe("ok 5");
    expect(harness.ask("counter", "b", "get")).toBe("ok 0");
    expect(harness.ask("counter", "a", "get", undefined, { namespace: "other" })).toBe("ok 0");
  });

  test("may replace the state whole; an answer of undefined is null", () => {
    const harness = opened();
    expect(harness.ask("counter", "a", "replace", { value: 9 })).toBe("ok null");
    expect(harness.ask("counter", "a", "get")).toBe("ok 9");
  });

  test("answers a copy: nobody outside holds the entity's state", () => {
    const harness = opened();
    const first = harness.replyOf(harness.send("counter", "a", "everything"));
    if (first?.ok) Object.assign(first.value as object, { value: 77 });
    expect(harness.ask("counter", "a", "get")).toBe("ok 0");
  });

  test("may answer a bigint", () => {
    const harness = opened();
    expect(harness.replyOf(harness.send("counter", "a", "big"))).toEqual({
      ok: true,
      value: 2n ** 63n,
    });
  });
});

describe("refused before it runs", () => {
  test("an unknown type", () => {
    expect(opened().ask("account", "a", "get")).toBe("ENTITY_TYPE_UNKNOWN executed=no");
  });

  test.each(["nothing", "constructor", "__proto__"])("an unknown command: %s", (name) => {
    expect(opened().ask("counter", "a", name)).toBe("COMMAND_UNKNOWN executed=no");
  });

  test("invalid input, with the place of each issue", () => {
    const harness = opened();
    const error = errorOf(harness, harness.send("counter", "a", "add", { by: "1" }));
    expect(error).toMatchObject({ code: "COMMAND_INVALID", executed: "no", retryable: false });
    expect(error.issues).toEqual([{ path: "by", message: expect.stringContaining("number") }]);
    expect(error.message).toContain("by: ");
  });

  test("invalid input leaves no entity behind", () => {
    const harness = opened();
    harness.send("counter", "a", "add", { by: "1" });
    expect(harness.executor.stats().entities).toBe(0);
    expect(harness.executor.describe()).toMatchObject([{ entities: 0 }]);
  });

  test("input that is no plain data", () => {
    const harness = opened();
    const error = errorOf(harness, harness.send("counter", "a", "add", { by: () => 1 }));
    expect(error).toMatchObject({ code: "COMMAND_INVALID", executed: "no" });
    expect(error.message).toContain("input.by is a function");
  });

  test("input for a command that takes none; an empty object counts as none", () => {
    const harness = opened();
    expect(harness.ask("counter", "a", "get", { by: 1 })).toBe("COMMAND_INVALID executed=no");
    expect(harness.ask("counter", "a", "get", {})).toBe("ok 0");
    expect(harness.ask("counter", "a", "get", null)).toBe("ok 0");
  });

  test("a deadline that has passed", () => {
    const harness = opened();
    const more = { deadlineMs: 0 };
    expect(harness.ask("counter", "a", "get", undefined, more)).toBe(
      "DEADLINE_EXCEEDED executed=no",
    );
    expect(harness.executor.stats().entities).toBe(0);
  });

  test("a call whose chain already passes through the entity", () => {
    const harness = opened();
    const more = { chain: ["default/counter/z", "default/counter/a"] };
    const error = errorOf(harness, harness.send("counter", "a", "get", undefined, more));
    expect(error).toMatchObject({ code: "REENTRANT", executed: "no", retryable: false });
    expect(error.message).toContain("counter/z -> default/counter/a -> default/counter/a");
    expect(harness.ask("counter", "b", "get", undefined, more)).toBe("ok 0");
  });

  test.each([
    ["a/b", "x"],
    ["", "x"],
    ["default", ""],
    ["default", "x".repeat(513)],
  ])("an address that could be another entity's, or none: %o %o", (namespace, id) => {
    expect(opened().ask("counter", id, "get", undefined, { namespace })).toBe(
      "COMMAND_INVALID executed=no",
    );
  });
});

describe("a handler that throws", () => {
  test("fails the command with its message and leaves the state as it was", () => {
    const harness = opened();
    harness.ask("counter", "a", "add", { by: 4 });
    const error = errorOf(harness, harness.send("counter", "a", "break", { with: "oh no" }));
    expect(error).toEqual({
      code: "COMMAND_FAILED",
      message: "oh no",
      retryable: false,
      executed: "yes",
    });
    expect(harness.ask("counter", "a", "everything")).toBe('ok {"value":4,"history":[4]}');
  });

  test("gives the application's own refusal with code and status", () => {
    const harness = opened();
    expect(errorOf(harness, harness.send("counter", "a", "refuse"))).toEqual({
      code: "INSUFFICIENT_FUNDS",
      message: "Only 3 left.",
      retryable: false,
      executed: "yes",
      status: 422,
    });
    expect(harness.ask("counter", "a", "get")).toBe("ok 0");
  });

  test("passes another entity's error on, but says that this command ran", () => {
    const harness = opened();
    expect(harness.ask("counter", "a", "passOn", "overloaded")).toBe("OVERLOADED executed=yes");
    expect(harness.ask("counter", "a", "passOn", "unknown")).toBe(
      "OUTCOME_UNKNOWN executed=unknown",
    );
  });
});

describe("what a handler leaves must be plain data", () => {
  test("an answer that is not fails the command, naming the place, and changes nothing", () => {
    const harness = opened();
    const error = errorOf(harness, harness.send("counter", "a", "badAnswer"));
    expect(error).toMatchObject({ code: "COMMAND_FAILED", executed: "yes" });
    expect(error.message).toContain("answer.inner.0 is a function");
    expect(harness.ask("counter", "a", "get")).toBe("ok 0");
  });

  test("a state that is not fails the command, naming the place, and changes nothing", () => {
    const harness = opened();
    const error = errorOf(harness, harness.send("counter", "a", "badState"));
    expect(error.message).toContain("state.fn is a function");
    expect(harness.ask("counter", "a", "everything")).toBe('ok {"value":0,"history":[]}');
  });
});
