import { expect, test } from "vitest";
import { labView } from "../../../testing/lab-fixtures.ts";
import type { LabScenario } from "../../../wire/lab.ts";
import { paramsOf, typedOf } from "./params.model.ts";

const [zombie] = labView.scenarios;
if (zombie === undefined) throw new Error("The fixture has no scenario.");
const scenario: LabScenario = {
  ...zombie,
  params: [
    ...zombie.params,
    { name: "node", label: "Node", kind: "node", choices: ["node-1", "node-2"], initial: "node-1" },
    { name: "times", label: "Times", kind: "count", min: 1, max: 9, initial: 3 },
  ],
};

test("a form begins with the defaults, times in seconds, and they are sent as they came", () => {
  const typed = typedOf(scenario);
  expect(typed).toEqual({ shard: "default/172", forMs: "15", node: "node-1", times: "3" });
  const values = { shard: "default/172", forMs: 15_000, node: "node-1", times: 3 };
  expect(paramsOf(scenario, typed)).toEqual({ ok: true, values });
});

test("a run again has the earlier run's parameters", () => {
  expect(typedOf(scenario, { forMs: 6500, shard: "default/3" })).toMatchObject({
    forMs: "6.5",
    shard: "default/3",
    times: "3",
  });
});

test.each([
  ["shard", "172", "A shard is group/number."],
  ["forMs", "", "From 6.5 to 120 seconds."],
  ["forMs", "5", "From 6.5 to 120 seconds."],
  ["forMs", "soon", "From 6.5 to 120 seconds."],
  ["node", "node-9", "One of node-1, node-2."],
  ["times", "1.5", "From 1 to 9."],
  ["times", "10", "From 1 to 9."],
])("%s %j is refused: %s", (name, text, why) => {
  const params = paramsOf(scenario, { ...typedOf(scenario), [name]: text });
  expect(params).toEqual({ ok: false, wrong: { [name]: why } });
});
