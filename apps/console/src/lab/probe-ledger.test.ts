import { describe, expect, test } from "vitest";
import { type CallOutcome, ProbeLedger } from "./probe-ledger.ts";

const done: CallOutcome = {
  tag: "done",
  served: { nodeId: "node-1", epoch: 4, shard: "default/7" },
};
const refused = (executed: "no" | "unknown"): CallOutcome => ({
  ...{ tag: "refused", executed, code: "X" },
});

/** Deposits 1, 2, 3 ... to one account, with these outcomes. */
function ledgerWith(...outcomes: readonly CallOutcome[]): ProbeLedger {
  const ledger = new ProbeLedger();
  for (const [index, outcome] of outcomes.entries()) {
    const deposit = { account: "a", amount: index + 1 };
    const call = { deposit, via: "node-1", sentMs: index * 10, deadlineMs: 2000 };
    ledger.sent(call);
    ledger.ended(call, outcome, index * 10 + 5);
  }
  return ledger;
}

const stored = (amounts: readonly number[], balance: number | null = null) => ({
  ...{ account: "a", amounts, balance },
});

describe("S5: what was promised is there once", () => {
  test.each([
    ["all of it", [1, 2, 3], 6, null],
    [
      "an acknowledged one is lost",
      [1, 3],
      null,
      "Deposit 2 to account/a was acknowledged and is lost.",
    ],
    ["one counts twice", [1, 2, 2, 3], null, "Deposit 2 to account/a took effect 2 times."],
    [
      "one that nobody asked for",
      [1, 2, 3, 9],
      null,
      "account/a has a deposit of 9 that nobody asked for.",
    ],
    [
      "the balance is another",
      [1, 2, 3],
      5,
      "account/a answers a balance of 5; its events make 6.",
    ],
  ])("%s", (_name, amounts, balance, breach) => {
    const ledger = ledgerWith(done, done, done);
    ledger.judge(stored(amounts, balance));
    expect(ledger.breach).toBe(breach);
    expect(ledger.checks).toBe(3);
  });

  test("one that may have run may be there or not, and not twice", () => {
    const unknown = refused("unknown");
    for (const amounts of [[], [1]]) {
      const ledger = ledgerWith(unknown);
      ledger.judge(stored(amounts));
      expect(ledger.breach).toBeNull();
    }
    const ledger = ledgerWith(unknown);
    expect(ledger.inDoubt()).toEqual([{ account: "a", amount: 1 }]);
    ledger.judge(stored([1, 1]));
    expect(ledger.breach).toContain("took effect 2 times");
  });

  test("one that was refused as not run is not there", () => {
    const ledger = ledgerWith(refused("no"));
    ledger.judge(stored([1]));
    expect(ledger.breach).toBe("Deposit 1 to account/a was refused as not run, and took effect.");
  });

  test("one in doubt that was answered under its key has to be there", () => {
    const ledger = ledgerWith(refused("unknown"));
    ledger.confirm("a", 1);
    expect(ledger.inDoubt()).toEqual([]);
    ledger.judge(stored([]));
    expect(ledger.breach).toContain("is lost");
  });
});

describe("S8: every call is answered", () => {
  test("a refusal is an answer", () => {
    const ledger = ledgerWith(refused("no"), refused("unknown"));
    expect(ledger).toMatchObject({ vanished: null, failed: 2, unknown: 1, calls: 2, waiting: 0 });
  });

  test("no answer of a node that ran is a breach, and of one that the run had stopped it is not", () => {
    expect(ledgerWith({ tag: "lost", isExcused: true })).toMatchObject({
      vanished: null,
      unknown: 1,
    });
    expect(ledgerWith({ tag: "lost", isExcused: false }).vanished).toContain("was never answered");
  });
});
