import { type ClusterEvent, ownerOf } from "@leasehold/sharding/observe";
import { FakeAuthority, type FakeOptions, fakeDefaults } from "./fake-cluster.ts";
import { FakeNode } from "./fake-node.ts";
import { stepPlans } from "./fake-plans.ts";

export interface FakeCluster {
  readonly authority: FakeAuthority;
  readonly nodes: readonly FakeNode[];
  readonly seeds: readonly string[];
  stop(): Promise<void>;
}

/** Starts an invented cluster on loopback; `port` 0 takes free ones. */
export async function startFakeCluster(
  given: Partial<FakeOptions> = {},
  port = 0,
): Promise<FakeCluster> {
  const options = { ...fakeDefaults, ...given };
  const authority = new FakeAuthority(options);
  const width = String(options.nodes).length;
  const nodes = Array.from(
    { length: options.nodes },
    (_, index) =>
      new FakeNode(
        `node-${String(index + 1).padStart(width, "0")}`,
        `eu-1${"abc"[index % 3]}`,
        authority,
      ),
  );
  await Promise.all(nodes.map((it, index) => it.open(port === 0 ? 0 : port + index + 1)));
  for (const it of nodes.slice(5)) it.tellsLog = false;
  for (const it of nodes) it.peers.push(...nodes.filter((other) => other !== it));
  authority.found(nodes.map((it) => ({ ...it.ref, address: it.address, zone: it.zone })));
  const stepMs = 50;
  const stir = stirrer(authority);
  let lastMs = Date.now();
  const timer = setInterval(() => {
    for (const it of nodes) it.step();
    stepPlans(authority);
    settleDrains(authority);
    // By the time that has passed: a busy machine fires late, and the rate must hold.
    const now = Date.now();
    stir((options.changesPerSecond * (now - lastMs)) / 1000);
    lastMs = now;
  }, stepMs);
  return {
    authority,
    nodes,
    seeds: nodes.slice(0, 1).map((it) => it.address),
    async stop() {
      clearInterval(timer);
      await Promise.all(nodes.map((it) => it.close()));
    },
  };
}

function settleDrains(authority: FakeAuthority): void {
  for (const { nodeId, incarnation, state } of authority.state.nodes.values()) {
    if (state !== "draining") continue;
    const owns = authority.state.shards
      .get("default")
      ?.some((row) => ownerOf(row)?.nodeId === nodeId);
    if (!owns) authority.commit({ type: "node-drained", nodeId, incarnation });
  }
}

/** Unasked movement: each handoff is three entries (began, assigned, hosted). */
function stirrer(authority: FakeAuthority): (changes: number) => void {
  let owed = 0;
  let shard = 0;
  let turn = 0;
  return (changes) => {
    owed += changes / 3;
    const nodes = authority.candidates();
    const rows = authority.state.shards.get("default") ?? [];
    const events: ClusterEvent[] = [];
    for (; owed >= 1 && nodes.length > 1; owed--) {
      shard = (shard + 7919) % rows.length;
      turn++;
      const row = rows[shard];
      const to = nodes[turn % nodes.length];
      if (row?.state !== "hosted" || to === undefined || to.nodeId === row.owner.nodeId) continue;
      const { nodeId, incarnation } = to;
      events.push({
        type: "handoff-began",
        group: "default",
        shard,
        handoffId: `h_s${authority.state.seq}_${shard}`,
        nodeId: row.owner.nodeId,
        epoch: row.epoch,
        to: { nodeId, incarnation },
        planId: null,
      });
    }
    authority.commit(...events);
  };
}
