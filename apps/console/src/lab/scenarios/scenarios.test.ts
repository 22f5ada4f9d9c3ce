import { describe, expect, test } from "vitest";
import { checkParams } from "../params.ts";
import { scenarios } from "./index.ts";
import type { Facts } from "./scenario.ts";

const facts: Facts = {
  leaseTtlMs: 2000,
  coordinator: "node-1",
  nodes: ["node-1", "node-2", "node-3"].map((nodeId) => ({
    ...{ nodeId, incarnation: `${nodeId}-1`, isUp: true, shards: 2 },
  })),
  shards: [0, 1, 2, 3, 4, 5].map((shard) => ({
    ...{
      label: `default/${shard}`,
      ref: { group: "default", shard },
      owner: `node-${(shard % 3) + 1}`,
    },
  })),
  otherFaults: [],
  noRestart: null,
};
const labels = new Set(facts.shards.map((it) => it.label));

function planned(scenario: (typeof scenarios)[number]) {
  const checked = checkParams(scenario.params(facts), {}, labels);
  if (!checked.ok) throw new Error(checked.wrong.join(" "));
  return scenario.plan(facts, checked.values);
}

describe.each(scenarios.map((it) => [it.id, it] as const))("%s", (_id, scenario) => {
  const { steps, nodes, sentence, hypothesis } = planned(scenario);
  const acts = steps.flatMap((it) => (it.tag === "act" ? it.acts : []));

  test("can be run with what is proposed, and says what it does and expects", () => {
    expect(scenario.whyNot(facts)).toBeNull();
    expect(sentence).toMatch(/\.$/);
    expect(hypothesis.length).toBeGreaterThan(0);
  });

  test("every step has a name of its own and an end", () => {
    expect(new Set(steps.map((it) => it.id)).size).toBe(steps.length);
    for (const it of steps) {
      expect(it.tag === "pass" ? it.forMs : it.deadlineMs).toBeLessThanOrEqual(600_000);
    }
  });

  test("every fault ends by itself, after its heal would have come", () => {
    const lastMs = steps.reduce((sum, it) => sum + (it.tag === "pass" ? it.forMs : 0), 0);
    for (const it of acts) {
      if (it.tag !== "fault" || it.fault.kind === "crash") continue;
      expect(it.fault.ttlMs).toBeGreaterThan(Math.min(lastMs, 1000));
      expect(it.fault.ttlMs).toBeLessThanOrEqual(600_000);
    }
  });

  test("what is set for a while is healed, in the plan itself", () => {
    const lasting = acts.findLastIndex(
      (it) => it.tag === "fault" && !it.fault.kind.startsWith("crash"),
    );
    const heal = acts.findLastIndex((it) => it.tag === "heal");
    expect(heal).toBeGreaterThanOrEqual(lasting);
  });

  test("only nodes that it names are touched", () => {
    for (const it of acts) if (it.tag === "fault") expect(nodes).toContain(it.nodeId);
  });
});

test("a split leaves a majority with the coordinator", () => {
  const split = scenarios.find((it) => it.id === "X4");
  if (split === undefined) throw new Error("There is no X4.");
  expect(planned(split).nodes).toEqual(["node-2"]);
  expect(split.whyNot({ ...facts, nodes: facts.nodes.slice(1) })).toContain("It needs 3 nodes");
});

test("the zombie has writes on its way, but not where only its answers stop", () => {
  const zombie = scenarios.find((it) => it.id === "X2");
  const tagsOf = (direction: string) =>
    zombie
      ?.plan(facts, { shard: "default/1", forMs: 5000, direction, links: "stay up" })
      .steps.flatMap((it) => (it.tag === "act" ? it.acts.map((act) => act.tag) : []));
  expect(tagsOf("out")).toEqual(["fault", "write-late", "heal"]);
  expect(tagsOf("in")).toEqual(["fault", "heal"]);
});

test("a Postgres that nobody here may restart makes X7 unavailable", () => {
  const restart = scenarios.find((it) => it.id === "X7");
  expect(restart?.whyNot({ ...facts, noRestart: "It is yours." })).toBe("It is yours.");
});

test("a source that leads says nothing that X8 could meet; whoever takes or decides may be met", () => {
  const crash = scenarios.find((it) => it.id === "X8");
  const why = (shard: string, when: string) => crash?.whyNotThese?.({ shard, when }, facts);
  expect(why("default/0", "source is about to let go")).toContain("node-1, the owner of default/0");
  expect(why("default/1", "source is about to let go")).toBeNull();
  expect(why("default/0", "target has begun to serve")).toBeNull();
  const alone = facts.shards.map((it) => ({ ...it, owner: "node-1" }));
  expect(crash?.whyNot({ ...facts, shards: alone })).toContain("a node that does not lead");
});

describe("parameters", () => {
  const params = scenarios.find((it) => it.id === "X2")?.params(facts) ?? [];

  test("left out have their defaults, and numbers may come as text", () => {
    expect(checkParams(params, { forMs: "5000" }, labels)).toEqual({
      ok: true,
      values: { shard: "default/1", forMs: 5000, direction: "both", links: "stay up" },
    });
  });

  test("that are wrong are each named", () => {
    const given = { forMs: 3, shard: "default/77", direction: "up", colour: "red" };
    expect(checkParams(params, given, labels)).toEqual({
      ok: false,
      wrong: [
        "colour: there is no such parameter.",
        'shard: no shard "default/77" has an owner.',
        "forMs: it has to be a whole number from 2000 to 120000.",
        "direction: it has to be one of both, in, out.",
      ],
    });
  });
});
