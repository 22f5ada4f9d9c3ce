import type { Belief, ShardHeat } from "@leasehold/sharding/observe";
import type { FakeNode } from "./fake-node.ts";

/** What an invented node says about itself now. */
export function fakeBelief(node: FakeNode): Belief {
  const { state } = node.authority;
  const isCut = node.has("cut-postgres");
  return {
    nodeId: node.nodeId,
    incarnation: node.incarnation,
    pid: 4000,
    role: state.coordinator?.nodeId === node.nodeId && !node.isLost ? "coordinator" : "candidate",
    term: state.term,
    seq: node.seq,
    lease: {
      state: node.isLost ? "lost" : isCut ? "reconnecting" : "held",
      leftMs: node.leaseLeftMs,
    },
    postgres: { reachable: !isCut, lastOkMsAgo: Date.now() - node.renewedAtMs },
    peers: node.peers.map((it) => ({
      nodeId: it.nodeId,
      incarnation: it.incarnation,
      connected: !it.isCrashed && !cuts(node, it) && !cuts(it, node),
    })),
    faults: node.faults.map(({ untilMs: _until, ...fault }) => fault),
    load: load(node),
    healUrl: `${node.address}/heal`,
  };
}

/** Three shards take most of it, and one of them gets hotter and cooler every minute. */
export function fakeHeat(node: FakeNode): ShardHeat[] {
  const wave = 1 + 0.8 * Math.sin(Date.now() / 9000);
  const rate = (at: number): number => (at === 0 ? 90 * wave : at < 3 ? 40 / at : 6 / (at + 1));
  return [...node.shards.values()].slice(0, 16).map(({ group, shard }, at) => {
    const requestsPerSecond = Math.round(rate(at) * 10) / 10;
    return { group, shard, requestsPerSecond, busyMs: requestsPerSecond / 4 };
  });
}

const cuts = (node: FakeNode, peer: FakeNode): boolean =>
  node.faults.some((it) => it.kind === "cut-link" && it.detail["peer"] === peer.nodeId);

function load(node: FakeNode): Belief["load"] {
  const owned = node.authority.owned(node.nodeId);
  const wave = 1 + 0.2 * Math.sin(Date.now() / 4000 + node.nodeId.length);
  return {
    requestsPerSecond: node.isLost ? 0 : Math.round(owned * 4 * wave),
    failedPerSecond: 0,
    p50Ms: 1.2,
    p99Ms: 9 + wave * 3,
    entities: owned * 16,
  };
}
