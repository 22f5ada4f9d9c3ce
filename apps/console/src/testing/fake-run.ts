import type { ClusterEvent } from "@leasehold/sharding/observe";
import { FakeAuthority, type FakeOptions, fakeDefaults } from "./fake-cluster.ts";
import { FakeNode } from "./fake-node.ts";
import { handoffBegan, otherHome, shardStride } from "./fake-past.ts";
import { stepPlans } from "./fake-plans.ts";

/** Short, so that commits come spread over time and not in the rhythm of whoever reads them. @unit milliseconds */
const stepMs = 10;
const triesPerStep = 1000;

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
  for (const it of nodes) it.peers.push(...nodes.filter((other) => other !== it));
  authority.found(nodes.map((it) => ({ ...it.ref, address: it.address, zone: it.zone })));
  for (const it of nodes) it.begin();
  const stir = stirrer(authority);
  let lastMs = Date.now();
  const timer = setInterval(() => {
    for (const it of nodes) it.step();
    authority.flush();
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
    if (authority.owned(nodeId) === 0)
      authority.commit({ type: "node-drained", nodeId, incarnation });
  }
}

/** Unasked movement: each handoff is three entries (began, assigned, hosted). */
function stirrer(authority: FakeAuthority): (changes: number) => void {
  let owed = 0;
  let turn = 0;
  return (changes) => {
    owed += changes / 3;
    const nodes = authority.candidates();
    if (nodes.length < 2) return;
    const events: ClusterEvent[] = [];
    // What is not hosted now has no turn; the rate holds, unless nothing is.
    // Each shard has one turn in a step: a late step must not begin a second handoff of one that it moves already.
    const most = Math.min(triesPerStep, authority.options.shards);
    for (let tries = 0; owed >= 1 && tries < most; tries++, turn++) {
      const shard = (turn * shardStride) % authority.options.shards;
      const ref = { group: "default", shard };
      const began = handoffBegan(authority, ref, otherHome(authority, ref, nodes, turn), turn);
      events.push(...began);
      owed -= began.length;
    }
    authority.commit(...events);
  };
}
