import { expect, test } from "vitest";
import { startRun } from "../../../wire/lab.ts";
import { newId } from "./new-id.ts";

test("a run's id is one that the server takes, and another each time", () => {
  const ids = Array.from({ length: 50 }, newId);
  for (const run of ids) startRun.parse({ run, scenario: "X1", params: {} });
  expect(new Set(ids).size).toBe(50);
});
