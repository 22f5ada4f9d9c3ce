import type { AdminCommand, PlanVerb } from "../../core/messages.ts";
import { ShardingError } from "../../errors.ts";
import type { FaultKind, Heal } from "./faults.ts";
import type { SimCluster } from "./sim-cluster.ts";
import type { Step, StepKind } from "./steps.ts";

export type OperationKind = Exclude<StepKind, FaultKind>;

/** Asked through the node of the step, or another one while that is down. */
type Admin = (command: AdminCommand) => Promise<string | null>;

type Operation = (step: Step, cluster: SimCluster, admin: Admin) => Promise<unknown>;

const operations: Readonly<Record<Exclude<OperationKind, "join">, Operation>> = {
  rebalance: async (_step, _cluster, admin) =>
    apply(admin, await admin({ tag: "plan", by, request: { kind: "rebalance" } })),
  move: async ({ peer, strength }, cluster, admin) => {
    const shards = [...cluster.postgres.tables.state().shards].flatMap(([group, rows]) =>
      rows.flatMap((row, shard) =>
        row.state === "unallocated" || row.owner.nodeId === peer ? [] : { group, shard, to: peer },
      ),
    );
    const moves = shards.filter((_one, i) => (i * 0.37 + strength) % 1 < 0.4);
    return apply(admin, await admin({ tag: "plan", by, request: { kind: "move", moves } }));
  },
  drain: ({ nodeId }, _cluster, admin) => admin({ tag: "drain", by, nodeId }),
  cordon: ({ nodeId }, _cluster, admin) => admin({ tag: "cordon", by, nodeId }),
  uncordon: ({ nodeId }, _cluster, admin) => admin({ tag: "uncordon", by, nodeId }),
  "control-plan": async ({ strength }, cluster, admin) => {
    const planId = [...cluster.postgres.tables.state().plans.keys()].at(-1);
    const verb = verbs[Math.floor(strength * verbs.length)] as PlanVerb;
    if (planId !== undefined) await admin({ tag: "plan-control", by, planId, verb });
  },
};

const by = "sim";
const verbs: readonly PlanVerb[] = ["pause", "resume", "cancel", "undo"];

async function apply(admin: Admin, planId: string | null): Promise<void> {
  if (planId !== null) await admin({ tag: "plan-control", by, planId, verb: "apply" });
}

/** How long an operator waits for an answer. @unit milliseconds */
const patienceMs = 3_000;

/** What an operator does. A refusal is an answer; anything but a typed one is a violation. */
export function operate(
  step: Step,
  cluster: SimCluster,
  onEnd: (outcome: string, isBug: boolean) => void,
): Heal {
  const kind = step.kind as OperationKind;
  if (kind === "join") {
    cluster.join();
    return () => undefined;
  }
  const admin: Admin = async (command) => {
    const node = cluster.running(step.nodeId);
    if (node === null) return null;
    return (await node.node.admin(command, patienceMs)).planId;
  };
  operations[kind](step, cluster, admin).then(
    () => onEnd(`${kind} done`, false),
    (error: unknown) => {
      const isTyped = error instanceof ShardingError;
      onEnd(`${kind} ${isTyped ? error.code : String(error)}`, !isTyped);
    },
  );
  return () => undefined;
}
