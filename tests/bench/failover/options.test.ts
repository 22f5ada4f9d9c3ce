import { expect, test } from "vitest";
import { parseOptions, scenarios } from "./options.ts";

test("without options every scenario is measured at three sizes", () => {
  expect(parseOptions({})).toEqual({ shards: [256, 1_000, 10_000], only: new Set(scenarios) });
});

test("sizes and scenarios are lists with commas", () => {
  const given = parseOptions({ shards: "256,1000", only: "coordinator,leave" });
  expect(given).toEqual({ shards: [256, 1_000], only: new Set(["coordinator", "leave"]) });
});

test.each(["", "2", "1e3", "256,", "256, 1000", "-5", "100001"])(
  "--shards %j is refused, with what is accepted",
  (shards) => {
    expect(() => parseOptions({ shards })).toThrow(
      "it takes whole numbers from 3 to 100000, separated by commas",
    );
  },
);

test("--only with a name that is none is refused, with all names", () => {
  expect(() => parseOptions({ only: "leave,crash" })).toThrow(
    '--only has "crash"; it takes coordinator, node, frozen, leave, join, postgres, separated by commas.',
  );
});
