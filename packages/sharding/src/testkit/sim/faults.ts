import type { NodeId } from "../../core/ids.ts";
import type { Random } from "./random.ts";
import type { SimCluster, SimNode } from "./sim-cluster.ts";
import type { Timeline } from "./timeline.ts";

/** How often each kind is drawn, relative to the others; 0 never. */
export interface FaultWeights {
  readonly crash: number;
  readonly pause: number;
  readonly sleep: number;
  readonly leave: number;
  readonly "cut-link": number;
  readonly "slow-link": number;
  readonly "cut-postgres": number;
  readonly "slow-postgres": number;
  readonly "lose-answers": number;
  readonly "end-session": number;
  readonly "restart-postgres": number;
  readonly messages: number;
}

export const defaultWeights: FaultWeights = {
  ...{ crash: 3, pause: 3, sleep: 1, leave: 1, "cut-link": 3, "slow-link": 1, "cut-postgres": 3 },
  ...{
    "slow-postgres": 1,
    "lose-answers": 1,
    "end-session": 2,
    "restart-postgres": 1,
    messages: 3,
  },
};

export interface Fault {
  readonly kind: keyof FaultWeights;
  readonly atMs: number;
  readonly forMs: number;
  readonly nodeId: NodeId;
  readonly peer: NodeId;
  readonly direction: "in" | "out" | "both";
  /** In [0, 1): how strong, for kinds that have a strength. */
  readonly strength: number;
}

/** The faults of a run, all before `untilMs`. */
export function drawFaults(
  random: Random,
  nodeIds: readonly NodeId[],
  { weights, count, untilMs }: { weights: FaultWeights; count: number; untilMs: number },
): readonly Fault[] {
  const kinds = Object.entries(weights).flatMap(([kind, weight]) =>
    Array.from({ length: weight }, () => kind as keyof FaultWeights),
  );
  const faults = Array.from({ length: kinds.length === 0 ? 0 : count }, (): Fault => {
    const atMs = random.between(0, untilMs);
    const nodeId = random.pick(nodeIds);
    return {
      ...{ kind: random.pick(kinds), atMs, nodeId },
      forMs: Math.min(random.between(1, 8) ** 4, untilMs - atMs),
      peer: random.pick(nodeIds.filter((other) => other !== nodeId)),
      direction: random.pick(["in", "out", "both", "both"] as const),
      strength: random.next(),
    };
  });
  return faults.sort((a, b) => a.atMs - b.atMs);
}

/** @returns ends it; a life that has ended meanwhile takes its faults with it. */
export function beginFault(
  fault: Fault,
  cluster: SimCluster,
  timeline: Timeline,
  handoverMs: number,
): () => void {
  const { kind, nodeId, peer, strength } = fault;
  const node = cluster.nodes.get(nodeId);
  const directions = fault.direction === "both" ? (["in", "out"] as const) : [fault.direction];
  const all = (heals: readonly (() => void)[]) => () => {
    for (const heal of heals) heal();
  };
  const restart = (): void => {
    if (!cluster.nodes.has(nodeId)) cluster.start(nodeId);
  };
  if (kind === "restart-postgres") {
    cluster.postgres.stop();
    timeline.after(strength * 500, () => cluster.postgres.start());
    return () => cluster.postgres.start();
  }
  if (node === undefined) return restart;
  switch (kind) {
    case "crash":
      cluster.kill(node);
      return restart;
    case "leave":
      void node.node.drain(handoverMs).then(() => cluster.kill(node));
      return restart;
    case "pause":
    case "sleep":
      return freeze(node, kind === "sleep");
    case "cut-link":
      return all(directions.map((direction) => node.gate.cut(peer, direction)));
    case "slow-link":
      return all(directions.map((it) => node.gate.slow(peer, it, strength * 300)));
    case "cut-postgres":
      return all(directions.map((direction) => node.wire.cut(direction)));
    case "slow-postgres":
      node.wire.delayMs = strength * 400;
      return () => {
        node.wire.delayMs = 0;
      };
    case "lose-answers":
      node.wire.lossOfAnswers = strength / 2;
      return () => {
        node.wire.lossOfAnswers = 0;
      };
    case "end-session":
      cluster.postgres.backends.endOf((name) => name.includes(node.node.incarnation()));
      return () => undefined;
    case "messages":
      Object.assign(node.transport.faults, {
        ...{ drop: strength / 3, duplicate: strength / 2, delay: strength / 2, delayMs: 400 },
      });
      return () => {
        Object.assign(node.transport.faults, { drop: 0, duplicate: 0, delay: 0 });
      };
    default:
      return kind satisfies never;
  }
}

function freeze({ process, gate }: SimNode, isSleep: boolean): () => void {
  process.pause(isSleep);
  gate.freeze(true);
  return () => {
    gate.freeze(false);
    process.resume();
  };
}
