import { describe, expect, test } from "vitest";
import { Account } from "./account.ts";
import { Register } from "./register.ts";

/** What a command decides on a state: its answer and its events. */
const decide = <S>(handler: unknown, state: S, input: unknown): unknown =>
  (handler as (context: { state: S }, input: unknown) => unknown)({ state }, input);

describe("register", () => {
  const { write, cas, read } = Register.commands;

  test("is null before it is written", () => {
    const state = Register.state({ namespace: "default", id: "a" });
    expect(decide(read, state, undefined)).toEqual({ value: null });
  });

  test("write stores the value and answers it", () => {
    expect(decide(write, { value: 1 }, { value: { a: [2] } })).toMatchObject({
      answer: { value: { a: [2] } },
      events: [{ written: { a: [2] } }],
    });
  });

  test("cas compares by value, and answers what is there afterwards", () => {
    const state = { value: { a: 1, b: [2] } };
    expect(decide(cas, state, { expect: { b: [2], a: 1 }, value: 3 })).toMatchObject({
      answer: { ok: true, value: 3 },
      events: [{ written: 3 }],
    });
    expect(decide(cas, state, { expect: null, value: 3 })).toEqual({ ok: false, ...state });
  });
});

describe("account", () => {
  const { deposit, withdraw } = Account.commands;

  test("deposits and withdraws, and answers the balance", () => {
    expect(decide(deposit, { balance: 1 }, { amount: 2 })).toMatchObject({
      answer: { balance: 3 },
    });
    expect(decide(withdraw, { balance: 3 }, { amount: 3 })).toMatchObject({
      answer: { balance: 0 },
      events: [{ withdrawn: { amount: 3 } }],
    });
  });

  test("refuses an overdraw, and what a number could not count", () => {
    expect(() => decide(withdraw, { balance: 3 }, { amount: 4 })).toThrow("The balance is 3");
    const much = { balance: Number.MAX_SAFE_INTEGER };
    expect(() => decide(deposit, much, { amount: 1 })).toThrow("would not be exact");
  });

  test.each([0, -1, 1.5, "1", null])("moves no amount of %s", (amount) => {
    const checked = deposit.schema?.["~standard"].validate({ amount });
    expect(checked).toHaveProperty("issues");
  });
});
