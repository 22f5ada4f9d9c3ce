import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import type { NodeState, ShardStateName } from "./core/cluster.ts";
import type { AssignCause, DeathProof, MoveState, PlanState } from "./core/log.ts";
import type { PlanVerb, RefusalCode } from "./core/messages.ts";
import { clusterEventTypes, controlMessageTags } from "./core/names.ts";
import type { HeldPhase } from "./core/region.ts";

/**
 * docs/spec.md and the code say the same names. The records below do not compile while one is missing,
 * and the page is read for each.
 */
const root = fileURLToPath(new URL("../../../", import.meta.url));
const read = (path: string): string => readFileSync(`${root}${path}`, "utf8");
const spec = read("docs/spec.md");

const names = <K extends string>(record: Record<K, true>): readonly string[] => Object.keys(record);

const states: Record<ShardStateName | NodeState | HeldPhase["phase"] | PlanState, true> = {
  unallocated: true,
  starting: true,
  hosted: true,
  "handing-off": true,
  up: true,
  draining: true,
  drained: true,
  evicted: true,
  dead: true,
  serving: true,
  copying: true,
  sending: true,
  frozen: true,
  proposed: true,
  applying: true,
  paused: true,
  done: true,
  cancelled: true,
  stale: true,
  failed: true,
};

const others: Record<DeathProof | MoveState | RefusalCode, true> = {
  released: true,
  watched: true,
  host: true,
  waiter: true,
  refused: true,
  superseded: true,
  pending: true,
  moving: true,
  done: true,
  failed: true,
  skipped: true,
  GROUP_MISMATCH: true,
  VERSION_MISMATCH: true,
  INCARNATION_DEAD: true,
};

const words: Record<AssignCause | PlanVerb, true> = {
  allocated: true,
  handoff: true,
  death: true,
  abort: true,
  eviction: true,
  "given-up": true,
  apply: true,
  pause: true,
  resume: true,
  cancel: true,
  undo: true,
};

/** Where a name in backticks may be that looks like a file. */
const places = ["packages/sharding/src/", "db/migrations/", "", "docs/"];

/** The rows of section 9, by message, and the tests that its marks name. */
const section9 = spec.slice(spec.indexOf("## 9."), spec.indexOf("## 10."));
const rowOf = (message: string): readonly string[] => {
  const line = section9.split("\n").find((one) => one.startsWith(`| \`${message}\` |`)) ?? "";
  return line
    .split("|")
    .slice(2, -1)
    .map((cell) => cell.trim());
};
const marks = new Map(
  [...section9.matchAll(/^- \*\*(T\d+)\*\* `([\w/.-]+)`: (.+)$/gm)].map(([, mark, file, title]) => [
    mark as string,
    { file: file as string, title: title as string },
  ]),
);
const marksIn = (text: string) => [...text.matchAll(/\[(T\d+)\]/g)].map((m) => m[1] as string);

describe("the specification", () => {
  it.each([...clusterEventTypes, ...controlMessageTags, ...names(states), ...names(others)])(
    "says what `%s` is",
    (name) => {
      expect(spec).toContain(`\`${name}\``);
    },
  );

  it.each(names(words))("speaks of %s", (word) => {
    expect(spec).toMatch(new RegExp(`\\b${word}\\b`));
  });

  it("names only events and messages that exist", () => {
    const known = new Set<string>([...clusterEventTypes, ...controlMessageTags]);
    const tables = spec.slice(spec.indexOf("## 8."), spec.indexOf("## 10."));
    const first = [...tables.matchAll(/^\| (`[a-z-]+`(?:, `[a-z-]+`)*)/gm)].map((m) => m[1] ?? "");
    const named = first.flatMap((cell) => cell.match(/[a-z-]+/g) ?? []);
    expect(named.length).toBeGreaterThan(30);
    expect(named.filter((name) => !known.has(name))).toEqual([]);
  });

  it.each(controlMessageTags)("has an answer and a test for every fate of `%s`", (message) => {
    const [carries, ...fates] = rowOf(message);
    expect(carries).toMatch(/\w/);
    // Already seen, already done, past, future, wrong sender, never answered.
    expect(fates).toHaveLength(6);
    for (const fate of fates) expect(marksIn(fate), fate).not.toEqual([]);
  });

  it.each([...marks])("names a test that exists: %s", (_mark, { file, title }) => {
    expect(read(`packages/sharding/src/${file}`)).toContain(title);
  });

  it("marks every test that it names, and names every test that it marks", () => {
    const tables = section9.slice(0, section9.indexOf("Shown by:"));
    expect([...new Set(marksIn(tables))].sort()).toEqual([...marks.keys()].sort());
  });

  it("names only files that exist", () => {
    const files = [...spec.matchAll(/`([\w/.-]+\.(?:ts|sql))`/g)].map((m) => m[1] as string);
    expect(files.length).toBeGreaterThan(50);
    const missing = files.filter(
      (file) => !places.some((place) => existsSync(root + place + file)),
    );
    expect(missing).toEqual([]);
  });

  it("has a row for every invariant", () => {
    for (const id of ["S1", "S2", "S3", "S4", "S5", "S6", "S7", "S8", "L1", "L2", "L3", "L4"]) {
      expect(spec, id).toMatch(new RegExp(`^\\| \\*\\*${id}\\*\\* \\|`, "m"));
    }
  });

  it("links to pages that exist", () => {
    const links = [...spec.matchAll(/\]\(([\w/.-]+\.md)\)/g)].map((m) => m[1] as string);
    expect(links.length).toBeGreaterThan(3);
    expect(links.filter((link) => !existsSync(`${root}docs/${link}`))).toEqual([]);
  });
});
