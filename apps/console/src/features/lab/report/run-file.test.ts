import { describe, expect, test } from "vitest";
import { liveRun, passedRun } from "../../../testing/lab-fixtures.ts";
import { fileName, fileText, readRunFile } from "./run-file.ts";

const why = (text: string): string => {
  const reading = readRunFile(text);
  return reading.ok ? "read" : reading.why;
};

/** A file that was right until somebody changed something. */
const changed = (change: (file: Record<string, never>) => void): string => {
  const file: unknown = JSON.parse(fileText(passedRun));
  change(file as Record<string, never>);
  return why(JSON.stringify(file));
};

test("what is exported is what is imported, of an ended run and of one that goes on", () => {
  for (const run of [passedRun, liveRun]) {
    expect(readRunFile(fileText(run))).toEqual({ ok: true, run });
  }
  expect(fileName(passedRun)).toBe("leasehold-run-x02-0b7c1f5e.json");
});

describe("a broken file is refused, and the first wrong thing is named", () => {
  test("no JSON, another file, another version", () => {
    expect(why("")).toBe("The file is empty.");
    expect(why('{"format": ')).toMatch(/^It is not JSON: /);
    expect(why("null")).toBe(
      'It is no run of a lab: its "format" is missing, not "leasehold-run".',
    );
    expect(why("[]")).toContain('"format" is missing');
    expect(why('{"format":"jepsen"}')).toContain('"format" is "jepsen", not "leasehold-run"');
    expect(why('{"format":"leasehold-run","version":2}')).toBe(
      "It is of version 2; this console reads version 1.",
    );
  });

  // biome-ignore lint/suspicious/noExplicitAny: the changes are what no type allows
  const changes: readonly (readonly [string, (run: any) => void])[] = [
    ['"run.steps" is missing.', (run) => delete run.steps],
    ['"run.steps[2].words" is 7, and has to be of type string.', (run) => (run.steps[2].words = 7)],
    [
      '"run.steps[0].state" is "finished", and has to be one of waiting, running, done, failed, skipped.',
      (run) => (run.steps[0].state = "finished"),
    ],
    ['"run.figures.calls" is -1, and has to be at least 0.', (run) => (run.figures.calls = -1)],
    ['"run.id" is "r_118", which is no uuid.', (run) => (run.id = "r_118")],
    [
      '"run.lanes" is an object, and has to be of type array. And 1 more is wrong.',
      (run) => {
        run.lanes = {};
        run.marks = null;
      },
    ],
    ["The run has ended, but it has no verdict.", (run) => (run.verdict = null)],
    ["The run has ended, but it has no end.", (run) => (run.endedAt = null)],
    ["The run goes on, but it has a verdict.", (run) => (run.state = "running")],
    ["The verdict has no reason.", (run) => (run.verdict.reasons = [])],
    [
      "The verdict is pass, but S1 was violated.",
      (run) => (run.invariants[0].verdict = "violated"),
    ],
    [
      "The verdict is pass, but S5 was not observed, and there is no pass without it.",
      (run) => (run.invariants[4].verdict = "not-observed"),
    ],
  ];
  test.each(changes)("%s", (sentence, change) => {
    expect(changed((file) => change(file["run"]))).toBe(sentence);
  });
});
