import type { ShardRef } from "@leasehold/sharding/observe";
import { stays } from "./links.ts";
import {
  always,
  type Facts,
  forParam,
  heal,
  needNodes,
  nodeOf,
  nothingLost,
  patienceMs,
  rejoins,
  rest,
  type Scenario,
  type Step,
  seconds,
  servedOnce,
  shardOf,
  shardParam,
  ttlOf,
  upNodes,
} from "./scenario.ts";

/** What operators and machines do: a server restarts, a node dies in the middle of a move, nodes are drained, clocks jump. */

export const postgresRestart: Scenario = {
  id: "X7",
  name: "Postgres restart",
  essential: always,
  params: () => [],
  whyNot: (facts) => facts.noRestart,
  plan: (facts) => ({
    sentence: "Stop the Postgres server and start it again.",
    hypothesis: [
      servedOnce,
      "Where it is back within half a ttl, no shard moves.",
      "Appends that were under way are looked up, not repeated blindly.",
      nothingLost,
    ],
    nodes: upNodes(facts).map((it) => it.nodeId),
    shards: [],
    steps: [
      {
        ...{ id: "restart", tag: "act", mark: "restarted", deadlineMs: 60_000 },
        words: "Restart Postgres",
        acts: [{ tag: "restart-postgres" }],
      },
      ...upNodes(facts).map((it) => rejoins(facts, it.nodeId)),
    ],
  }),
};

/**
 * Where a node dies in a handoff, and which: the one that gives, the one that takes, or the one that decides. Orders
 * are read from the log; as messages they come only where they have to be repeated, so nobody dies of those.
 */
const crashSteps = {
  "source has begun to hand over": ["source", "sending:handoffs-acked"],
  "source is about to let go": ["source", "sending:shards-released"],
  "target has begun to serve": ["target", "sending:shards-hosted"],
  "coordinator has committed it": ["coordinator", "committed:handoff-began"],
} as const satisfies Record<string, readonly ["source" | "target" | "coordinator", string]>;

export const crashInHandoff: Scenario = {
  id: "X8",
  name: "Crash during handoff",
  essential: always,
  params: (facts) => [
    shardParam(facts),
    {
      ...{ name: "when", label: "When", kind: "choice", choices: Object.keys(crashSteps) },
      initial: "source is about to let go",
    },
  ],
  whyNot: (facts) =>
    needNodes(facts, 3) ??
    (facts.shards.some((it) => it.owner !== facts.coordinator)
      ? null
      : "It needs a shard of a node that does not lead."),
  // What a node says to itself passes no wire, where it could be met.
  whyNotThese(values, facts) {
    const { owner, label } = shardOf(facts, values);
    if (owner !== facts.coordinator || !String(values["when"]).startsWith("source")) return null;
    return `shard: ${owner}, the owner of ${label}, leads: what it says to itself is no message. Choose a shard of another node.`;
  },
  plan(facts, values) {
    const shard = shardOf(facts, values);
    const [role, step] = crashSteps[values["when"] as keyof typeof crashSteps];
    const others = upNodes(facts).filter((it) => it.nodeId !== shard.owner);
    const target = others.find((it) => it.nodeId !== facts.coordinator) ?? others[0];
    if (target === undefined) throw new Error("There is no node to move the shard to.");
    const to = target.nodeId;
    const victim = { source: shard.owner, target: to, coordinator: facts.coordinator ?? to }[role];
    return {
      sentence: `Move shard ${shard.label} from ${shard.owner} to ${to}, and kill ${victim} when the ${values["when"]}.`,
      hypothesis: [
        servedOnce,
        "The move is finished or taken back, and the shard is served.",
        nothingLost,
      ],
      nodes: [victim],
      shards: [shard.ref],
      steps: [
        {
          ...{ id: "arm", tag: "act", words: `Arm ${victim}: ${step}`, deadlineMs: 5000 },
          acts: [
            { tag: "fault", nodeId: victim, fault: { kind: "crash-at", step, ttlMs: 60_000 } },
          ],
        },
        {
          ...{ id: "move", tag: "act", words: `Move ${shard.label} to ${to}`, mark: "move" },
          deadlineMs: 15_000,
          acts: [{ tag: "move", shard: shard.ref, to }],
        },
        dies(facts, victim),
        served(facts, shard.ref, shard.label),
      ],
    };
  },
};

const dies = (facts: Facts, nodeId: string): Step => ({
  ...{ id: "crashed", tag: "wait", words: `${nodeId} dies there`, mark: "crash" },
  deadlineMs: patienceMs(facts),
  orElse: "not-observed",
  until: (seen) => {
    const life = nodeOf(facts, nodeId).incarnation;
    const isGone = seen.nodeState(nodeId) === "dead" || seen.incarnationOf(nodeId) !== life;
    return isGone || `its life goes on`;
  },
});

const served = (facts: Facts, ref: ShardRef, label: string): Step => ({
  ...{ id: "served", tag: "wait", words: `${label} is served`, mark: "served", orElse: "L1" },
  deadlineMs: patienceMs(facts),
  until: (seen) => seen.serverOf(ref) !== null || "nobody serves it",
});

export const rollingDrain: Scenario = {
  id: "X9",
  name: "Rolling drain under load",
  essential: always,
  params: () => [],
  whyNot: (facts) => needNodes(facts, 2),
  plan(facts) {
    const nodes = upNodes(facts).map((it) => it.nodeId);
    return {
      sentence: `Drain ${nodes.join(", ")}, one after the other, and let each take part again.`,
      hypothesis: [servedOnce, "No call fails.", nothingLost],
      mayFailCalls: false,
      nodes,
      shards: [],
      steps: [
        ...nodes.flatMap((it) => drain(facts, it)),
        {
          ...{ id: "rebalance", tag: "act", words: "Rebalance", mark: "rebalance" },
          deadlineMs: 120_000,
          acts: [{ tag: "rebalance" }],
        },
      ],
    };
  },
};

const drain = (facts: Facts, nodeId: string): Step[] => [
  {
    ...{ id: `drain-${nodeId}`, tag: "act", mark: `drain`, deadlineMs: 15_000 },
    words: `Drain ${nodeId}`,
    acts: [{ tag: "node", nodeId, verb: "drain" }],
  },
  {
    ...{
      id: `empty-${nodeId}`,
      tag: "wait",
      words: `${nodeId} has no shard`,
      orElse: "not-observed",
    },
    deadlineMs: patienceMs(facts) + 60_000,
    until: (seen) =>
      (seen.ownedBy(nodeId) === 0 && seen.nodeState(nodeId) === "drained") ||
      `it has ${seen.ownedBy(nodeId)} shards and is ${seen.nodeState(nodeId)}`,
  },
  {
    ...{ id: `back-${nodeId}`, tag: "act", words: `Uncordon ${nodeId}`, deadlineMs: 15_000 },
    acts: [{ tag: "node", nodeId, verb: "uncordon" }],
  },
  rejoins(facts, nodeId),
];

export const clockStep: Scenario = {
  id: "X10",
  name: "Clock step",
  essential: [...always, "L4"],
  params(facts) {
    const choices = upNodes(facts).map((it) => it.nodeId);
    const hour = 3_600_000;
    return [
      ...([
        {
          name: "node",
          label: "Node",
          kind: "node",
          choices,
          initial: facts.coordinator ?? choices[0] ?? "",
        },
      ] as const),
      { name: "byMs", label: "By", kind: "ms", min: -24 * hour, max: 24 * hour, initial: hour },
      forParam("For", 2 * facts.leaseTtlMs, 1000),
    ];
  },
  whyNot: (facts) => needNodes(facts, 1),
  plan(facts, values) {
    const nodeId = String(values["node"]);
    const byMs = Number(values["byMs"]);
    const forMs = Number(values["forMs"]);
    return {
      sentence: `Set the wall clock of ${nodeId} ${byMs < 0 ? "back" : "forward"} by ${seconds(Math.abs(byMs))} for ${seconds(forMs)}.`,
      hypothesis: [
        "No shard moves and no call fails: wall clocks decide nothing.",
        servedOnce,
        nothingLost,
      ],
      mayFailCalls: false,
      nodes: [nodeId],
      shards: facts.shards.filter((it) => it.owner === nodeId).map((it) => it.ref),
      steps: [
        {
          ...{ id: "step", tag: "act", words: `Step the clock of ${nodeId}`, mark: "step" },
          deadlineMs: 5000,
          acts: [
            { tag: "fault", nodeId, fault: { kind: "clock-step", byMs, ttlMs: ttlOf(forMs) } },
          ],
        },
        rest(forMs),
        heal("Set the clock right"),
        rejoins(facts, nodeId),
        stays(facts),
      ],
    };
  },
};
