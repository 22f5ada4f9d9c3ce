import type { ShardRef } from "@leasehold/sharding/observe";
import type { FaultRequest } from "../../wire/commands.ts";
import type { ParamValues, RunInvariantId, ScenarioId, ScenarioParam } from "../../wire/lab.ts";
import type { Seen } from "../seen.ts";

/** The cluster when a scenario is looked at: plain data. */
export interface Facts {
  readonly leaseTtlMs: number;
  readonly coordinator: string | null;
  readonly nodes: readonly FactNode[];
  /** In the order of their groups and numbers; without those of daemons. */
  readonly shards: readonly {
    readonly label: string;
    readonly ref: ShardRef;
    readonly owner: string;
  }[];
  readonly otherFaults: readonly string[];
  /** Why the launcher's Postgres cannot be restarted, or null. */
  readonly noRestart: string | null;
}

export interface FactNode {
  readonly nodeId: string;
  readonly incarnation: string;
  readonly isUp: boolean;
  readonly shards: number;
}

/** One thing that a run does. */
export type Act =
  | { readonly tag: "fault"; readonly nodeId: string; readonly fault: FaultRequest }
  /**
   * After the node was cut off from Postgres: the probe writes through it what cannot arrive for now. Until the end of
   * the step nothing else of the probe is on its way.
   */
  | { readonly tag: "write-late"; readonly nodeId: string }
  /** Takes back every fault that the run has set so far. */
  | { readonly tag: "heal" }
  | { readonly tag: "restart-postgres" }
  | { readonly tag: "node"; readonly nodeId: string; readonly verb: "drain" | "uncordon" }
  /** Proposes and applies. */
  | { readonly tag: "move"; readonly shard: ShardRef; readonly to: string }
  | { readonly tag: "rebalance" };

/** What a run does next: pure, the driver knows how. */
export type Step = {
  readonly id: string;
  readonly words: string;
  /** Said at the step's end, as a line in the run's picture. */
  readonly mark?: string;
} & (
  | { readonly tag: "act"; readonly acts: readonly Act[]; readonly deadlineMs: number }
  | {
      readonly tag: "wait";
      /** True, or what is still missing. */
      readonly until: (seen: Seen, sinceMs: number) => true | string;
      readonly deadlineMs: number;
      /** `L1`: that it has not come true in time breaks it. Otherwise the run has not observed what it was for. */
      readonly orElse: "L1" | "L4" | "not-observed";
      /** The time since the fault is the take-over, and `boundMs` is what it may be. */
      readonly takeover?: { readonly boundMs: number };
    }
  /** Until so long after the run's last act that set a fault. */
  | { readonly tag: "pass"; readonly forMs: number }
);

/** A scenario with its parameters, for one cluster at one instant. */
export interface Planned {
  readonly sentence: string;
  readonly hypothesis: readonly string[];
  /** The nodes that it breaks. */
  readonly nodes: readonly string[];
  /** For which the probe asks first of all. */
  readonly shards: readonly ShardRef[];
  readonly steps: readonly Step[];
  /** `false`: a failed call refutes it. @default true */
  readonly mayFailCalls?: boolean;
}

export interface Scenario {
  readonly id: ScenarioId;
  readonly name: string;
  readonly essential: readonly RunInvariantId[];
  params(facts: Facts): readonly ScenarioParam[];
  /** Null, or why it makes no sense here. */
  whyNot(facts: Facts): string | null;
  /** Of values that are fine one by one: null, or why not together. */
  whyNotThese?(values: ParamValues, facts: Facts): string | null;
  /** @param values checked, each of {@link params}. */
  plan(facts: Facts, values: ParamValues): Planned;
}

/** DESIGN: a node that is gone without proof of death is replaced within this. */
export const takeoverBoundMs = (facts: Facts): number => facts.leaseTtlMs + 1000;

/** Waits are longer than bounds: what comes too late is measured, not only missed. */
export const patienceMs = (facts: Facts): number => 3 * facts.leaseTtlMs + 10_000;

export const always: readonly RunInvariantId[] = [
  "S1",
  "S2",
  "S4",
  "S5",
  "S6",
  "S7",
  "S8",
  "L1",
  "L2",
];

export const upNodes = (facts: Facts): readonly FactNode[] => facts.nodes.filter((it) => it.isUp);

export const needNodes = (facts: Facts, count: number): string | null => {
  const up = upNodes(facts).length;
  if (up >= count) return null;
  return `It needs ${count} nodes that take part; there ${up === 1 ? "is 1" : `are ${up}`}.`;
};

export const shardOf = (facts: Facts, values: ParamValues): Facts["shards"][number] => {
  const found = facts.shards.find((it) => it.label === values["shard"]);
  if (found === undefined) throw new Error(`No shard ${values["shard"]} has an owner.`);
  return found;
};

export const nodeOf = (facts: Facts, nodeId: string): FactNode => {
  const found = facts.nodes.find((it) => it.nodeId === nodeId);
  if (found === undefined) throw new Error(`There is no node ${nodeId}.`);
  return found;
};

/** By a node that does not lead, where there is one: the coordinator's own trouble is another story. */
export const shardParam = (facts: Facts): ScenarioParam => {
  const candidates = facts.shards.filter((it) => it.owner !== facts.coordinator);
  const initial = (candidates[0] ?? facts.shards[0])?.label ?? "";
  return { name: "shard", label: "Shard", kind: "shard", initial };
};

export const forParam = (label: string, initial: number, min: number): ScenarioParam => ({
  name: "forMs",
  label,
  kind: "ms",
  min,
  max: 120_000,
  initial: Math.max(min, initial),
});

export const seconds = (ms: number): string => `${Number((ms / 1000).toFixed(1))} s`;
export const plural = (count: number, word: string): string =>
  `${count} ${word}${count === 1 ? "" : "s"}`;

export const servedOnce = "No shard is served by two nodes at the same instant.";
export const nothingLost =
  "No acknowledged deposit is lost, none counts twice, every call is answered.";

/** A fault ends a while after its heal would come, should this console die. */
export const ttlOf = (forMs: number): number => Math.min(600_000, Math.max(1000, forMs + 5000));

export const heal = (words: string): Step => ({
  ...{ id: "heal", words, mark: "heal", tag: "act", deadlineMs: 10_000, acts: [{ tag: "heal" }] },
});

/** Until the fault has lasted as long as it was asked to. */
export const rest = (forMs: number): Step => ({
  ...{ id: "rest", words: "The fault lasts", tag: "pass", forMs },
});

export const rejoins = (facts: Facts, nodeId: string): Step => ({
  ...{ id: `rejoined-${nodeId}`, tag: "wait", deadlineMs: patienceMs(facts) },
  words: `${nodeId} takes part`,
  until: isWell(nodeId),
  orElse: "not-observed",
});

/** Another node than `nodeId` serves it. */
export const takenOver =
  (ref: ShardRef, nodeId: string) =>
  (seen: Seen): true | string => {
    const server = seen.serverOf(ref);
    if (server !== null && server.nodeId !== nodeId) return true;
    return server === null
      ? "nobody serves it"
      : `${server.nodeId} serves it, epoch ${server.epoch}`;
  };

const isWell =
  (nodeId: string) =>
  (seen: Seen): true | string =>
    seen.isWell(nodeId) || `${nodeId} is ${seen.nodeState(nodeId) ?? "unknown"}`;
