import { expect, test } from "vitest";
import { labView, liveRun, passedRun } from "../testing/lab-fixtures.ts";
import { labRun, runFile } from "./lab.ts";

test("a run is the same after it has been a file", () => {
  for (const run of [passedRun, liveRun]) {
    const text = JSON.stringify({ format: "leasehold-run", version: 1, run });
    expect(runFile.parse(JSON.parse(text)).run).toEqual(run);
  }
  expect(labView.runs[0]?.id).toBe(passedRun.id);
});

test("a run without a verdict's reason is none", () => {
  expect(labRun.safeParse({ ...passedRun, verdict: { tag: "pass" } }).success).toBe(false);
});
