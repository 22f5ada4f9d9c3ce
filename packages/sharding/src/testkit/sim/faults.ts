import type { MemoryLane } from "../memory-lanes.ts";
import type { SimCluster, SimNode } from "./sim-cluster.ts";
import type { Step, StepKind } from "./steps.ts";

/** Ends what a step began; a life that has ended meanwhile takes its faults with it. */
export type Heal = () => void;

export type FaultKind = Exclude<
  StepKind,
  "rebalance" | "move" | "drain" | "cordon" | "uncordon" | "join" | "control-plan"
>;

/** What each fault does to a cluster. */
export const faults: Readonly<Record<FaultKind, (step: Step, cluster: SimCluster) => Heal>> = {
  crash: onNode((node, _step, cluster) => {
    cluster.kill(node);
    return () => cluster.restart(node.nodeId);
  }),
  "crash-at": ({ point }, cluster) => {
    const disarm = cluster.points.arm(point);
    return () => {
      disarm();
      cluster.restartAll();
    };
  },
  "double-start": ({ nodeId }, cluster) => {
    cluster.start(nodeId);
    return nothing;
  },
  leave: onNode((node, _step, cluster) => {
    void cluster.leave(node);
    return () => cluster.restart(node.nodeId);
  }),
  pause: onNode((node) => freeze(node, false)),
  sleep: onNode((node) => freeze(node, true)),
  "cut-link": onNode(({ gate }, step) =>
    all(directionsOf(step).map((direction) => gate.cut(step.peer, direction))),
  ),
  isolate: onNode(({ gate, nodeId }, _step, { nodeIds }) => {
    const peers = nodeIds.filter((peer) => peer !== nodeId);
    return all(peers.flatMap((peer) => [gate.cut(peer, "in"), gate.cut(peer, "out")]));
  }),
  "slow-link": onNode(({ gate }, step) =>
    all(directionsOf(step).map((it) => gate.slow(step.peer, it, step.strength * 300))),
  ),
  "half-open": onNode(({ link }, { peer }) => {
    link.breakHere(peer);
    return nothing;
  }),
  "cut-postgres": onNode(({ wire }, step) =>
    all(directionsOf(step).map((direction) => wire.cut(direction))),
  ),
  "slow-postgres": onNode(({ wire }, step) =>
    all(directionsOf(step).map((direction) => wire.slow(direction, step.strength * 400))),
  ),
  "lose-answers": onNode(({ wire }, { strength }) => {
    wire.lossOfAnswers = strength / 2;
    return () => {
      wire.lossOfAnswers = 0;
    };
  }),
  "hang-append": (_step, { postgres }) => {
    postgres.journals.hangAppends(1);
    return () => {
      postgres.journals.hangAppends(0);
      postgres.journals.resumeHung();
    };
  },
  "end-session": onNode(({ node }, _step, { postgres }) => {
    postgres.backends.endOf((name) => name.includes(node.incarnation()));
    return nothing;
  }),
  "restart-postgres": ({ strength }, { postgres, timeline }) => {
    postgres.stop();
    timeline.after(strength * 500, () => postgres.start());
    return () => postgres.start();
  },
  "fail-over": (_step, { postgres }) => {
    postgres.failOver();
    return nothing;
  },
  "lose-the-end": ({ strength }, cluster) => {
    const takeOver = cluster.postgres.lagBehind();
    cluster.timeline.after(strength * 300, () => {
      takeOver();
      cluster.onLoss();
    });
    return nothing;
  },
  messages: onNode(({ transport }, { strength }) => {
    const delayMs = strength < 0.5 ? 400 : 4_000;
    const some = { drop: strength / 3, duplicate: strength / 2, delay: strength / 2, delayMs };
    Object.assign(transport.faults, some);
    return () => {
      Object.assign(transport.faults, { drop: 0, duplicate: 0, delay: 0 });
    };
  }),
  refuse: ({ nodeId }, { refusing }) => {
    refusing.add(nodeId);
    return () => {
      refusing.delete(nodeId);
    };
  },
  "stick-lane": onLane((lane) => {
    lane.stick();
    return () => lane.unstick();
  }),
  "fail-lane": onLane((lane) => {
    lane.fail(new Error("by chance"));
    return nothing;
  }),
  "set-clock": ({ strength }, { wallClock }) => {
    wallClock.offsetMs = (strength - 0.5) * 7_200_000;
    return nothing;
  },
};

const nothing = (): void => undefined;

const all = (heals: readonly Heal[]) => () => {
  for (const heal of heals) heal();
};

const directionsOf = ({ direction }: Step): readonly ("in" | "out")[] =>
  direction === "both" ? ["in", "out"] : [direction];

/** For faults of one process: where it is down already, the step brings it back in the end. */
function onNode(fault: (node: SimNode, step: Step, cluster: SimCluster) => Heal) {
  return (step: Step, cluster: SimCluster): Heal => {
    const node = cluster.nodes.get(step.nodeId);
    if (node === undefined) return () => cluster.restart(step.nodeId);
    return fault(node, step, cluster);
  };
}

/** For faults of one lane; a node that is about to start may have none yet. */
function onLane(fault: (lane: MemoryLane) => Heal) {
  return onNode(({ lanes }, { strength }) => {
    const lane = lanes[Math.floor(strength * lanes.length)];
    return lane === undefined ? nothing : fault(lane);
  });
}

function freeze({ process, gate }: SimNode, isSleep: boolean): Heal {
  process.pause(isSleep);
  gate.freeze(true);
  return () => {
    gate.freeze(false);
    process.resume();
  };
}
