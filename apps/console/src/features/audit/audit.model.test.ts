import { describe, expect, test } from "vitest";
import type { AuditAction } from "../../wire/audit-view.ts";
import { changesOf, changeText, momentOf, resultOf, stateWords } from "./audit.model.ts";

const action = (outcome: Partial<NonNullable<AuditAction["outcome"]>> | null): AuditAction => ({
  action: "a",
  at: "2026-01-01T00:00:00Z",
  actor: "ana",
  role: "operator",
  kind: "cordon",
  subject: "node-2",
  asked: null,
  pos: 12,
  outcome:
    outcome === null
      ? null
      : {
          ...{ result: "done", at: "2026-01-01T00:00:01Z", status: 200, code: null, words: null },
          ...{ before: null, after: null },
          ...outcome,
        },
});

describe("what an action changed", () => {
  test("is told fact by fact, and a fact that one side does not know is no change", () => {
    const before = { state: "up", cordoned: false, faults: 2 };
    const after = { state: "up", cordoned: true, planId: null };
    expect(changesOf(before, after)).toEqual([
      { name: "state", before: "up", after: "up", isChanged: false },
      { name: "cordoned", before: "no", after: "yes", isChanged: true },
      { name: "faults", before: "2", after: "–", isChanged: false },
      { name: "planId", before: "–", after: "–", isChanged: false },
    ]);
    expect(changeText(action({ before, after }))).toBe("cordoned no → yes");
  });

  test("of one that failed or was refused is why", () => {
    expect(changeText(action({ result: "refused", words: "The role viewer may not." }))).toBe(
      "The role viewer may not.",
    );
    expect(changeText(action(null))).toBe("");
    expect(resultOf(action(null))).toBe("under way");
  });
});

test("the list says what it leaves out", () => {
  const kept = { tag: "kept", waiting: 0, lost: 0, refusalsNotKept: 0, keptDays: 90 } as const;
  expect(stateWords(kept)).toBeNull();
  expect(stateWords({ ...kept, tag: "waiting", waiting: 4, lost: 2 })).toBe(
    "Postgres does not answer: 4 rows wait for it, and older ones cannot be read. 2 rows found no room while it was away.",
  );
  expect(stateWords({ ...kept, refusalsNotKept: 7 })).toContain("7 refusals");
});

test("a moment is linked where one was recorded", () => {
  expect(momentOf(action(null))).toBe("/?at=12");
  expect(momentOf({ ...action(null), pos: null })).toBeNull();
});
