import { expect, test } from "vitest";
import { factsOf } from "./this-console.model.ts";

const sam = { name: "sam", role: "viewer", isOpen: false, expiresInMs: 1000 } as const;
const keeps = { historyHours: 24, historyMegabytes: 1000, auditDays: 90 };
const valuesOf = (...given: Parameters<typeof factsOf>) =>
  factsOf(...given).map((it) => [it.label, it.value]);

test("who somebody is and what is kept, as this console was told", () => {
  expect(valuesOf(sam, keeps)).toEqual([
    ["You", "sam · viewer"],
    ["Recording", "24 hours, 1,000 MB at most"],
    ["Audit", "90 days"],
  ]);
  const week = { historyHours: 168, historyMegabytes: 10, auditDays: 1 };
  expect(valuesOf(sam, week).slice(1)).toEqual([
    ["Recording", "7 days, 10 MB at most"],
    ["Audit", "1 day"],
  ]);
});

test("a console that asks nobody says that whoever is here may act", () => {
  const [you] = factsOf({ ...sam, name: "local", role: "admin", isOpen: true }, keeps);
  expect(you?.value).toBe("open · admin");
  expect(you?.note).toContain("whoever is on it may act");
});

test("a console without a database keeps nothing, and no figure says otherwise", () => {
  expect(valuesOf(sam, null).slice(1)).toEqual([["Recording and audit", "in memory"]]);
});
