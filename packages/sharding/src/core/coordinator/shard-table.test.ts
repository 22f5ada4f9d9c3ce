import { describe, expect, it } from "vitest";
import {
  CoordinatorScene,
  group,
  infoOf,
  lifeOf,
  nameOf,
} from "../../testkit/coordinator-scene.ts";
import type { ShardRow } from "../cluster.ts";
import type { CoordinatorInput } from "../coordinator.ts";
import type { ToCoordinator } from "../messages.ts";

/**
 * What becomes of one shard: every state of its row against everything that the coordinator may hear.
 * Node a leads; it has had the shard, or has it. The shard's last epoch is 5.
 */
const [a, b] = [lifeOf("a"), lifeOf("b")];
const carried = { handoffId: "h-4", from: b, digest: "d", size: 9 };
const handoff = { id: "h-5", to: b, planId: null };

const rows = {
  unallocated: { state: "unallocated", epoch: 5, pinned: false },
  starting: { state: "starting", epoch: 5, pinned: false, owner: a, carried: null },
  "starting, with state of b": { state: "starting", epoch: 5, pinned: false, owner: a, carried },
  hosted: { state: "hosted", epoch: 5, pinned: false, owner: a },
  "handing-off to b": { state: "handing-off", epoch: 5, pinned: false, owner: a, handoff },
} as const satisfies Record<string, ShardRow>;

const grant = (epoch: number) => ({ group, shard: 0, epoch });
const ref = (epoch: number, handoffId: string) => ({ ...grant(epoch), handoffId });
const why = "planted";
const says = (name: string, message: ToCoordinator): CoordinatorInput => ({
  ...{ tag: "message", from: lifeOf(name), message },
});
const claims = (name: string, epoch: number) =>
  says(name, { tag: "claim", term: 2, claims: [grant(epoch)] });
const hosted = (name: string, epoch: number) =>
  says(name, { tag: "shards-hosted", term: 2, shards: [grant(epoch)] });
const released = (name: string, epoch: number, handoffId: string) =>
  says(name, {
    ...{ tag: "shards-released", term: 2 },
    shards: [{ ...ref(epoch, handoffId), digest: "d", size: 9 }],
  });
const failed = (name: string, epoch: number, handoffId: string) =>
  says(name, { tag: "handoffs-failed", term: 2, handoffs: [{ ...ref(epoch, handoffId), why }] });
const refused = (name: string, epoch: number) =>
  says(name, { tag: "host-refused", term: 2, shards: [{ ...grant(epoch), why }] });
const registers = (name: string) =>
  says(name, {
    ...{ tag: "register-region", node: infoOf(name) },
    groups: [{ group, shards: 1, strategy: "least-loaded" }],
  });
const ends = (name: string): CoordinatorInput => ({
  ...{ tag: "lease-ended", node: lifeOf(name), proof: "watched", renewals: 7 },
});

const inputs = {
  "a registers again": registers("a"),
  "a new life of a registers": registers("a-2"),
  "a new node registers": registers("d"),
  "a claims an older epoch": claims("a", 4),
  "a claims the epoch": claims("a", 5),
  "a claims a newer epoch": claims("a", 7),
  "b claims an older epoch": claims("b", 4),
  "b claims the epoch": claims("b", 5),
  "b claims a newer epoch": claims("b", 7),
  "a hosts at the epoch": hosted("a", 5),
  "a hosts at an older epoch": hosted("a", 4),
  "b hosts at the epoch": hosted("b", 5),
  "a former life hosts at the epoch": hosted("a-0", 5),
  "a acknowledges h-5": says("a", { tag: "handoffs-acked", term: 2, handoffs: [ref(5, "h-5")] }),
  "a releases for h-5": released("a", 5, "h-5"),
  "a releases late, for an earlier handoff": released("a", 5, "h-4"),
  "a releases at an older epoch": released("a", 4, "h-5"),
  "b releases for h-5": released("b", 5, "h-5"),
  "a fails h-5": failed("a", 5, "h-5"),
  "a fails an earlier handoff": failed("a", 5, "h-4"),
  "b fails h-5": failed("b", 5, "h-5"),
  "a refuses to host": refused("a", 5),
  "a refuses to host at an older epoch": refused("a", 4),
  "b refuses to host": refused("b", 5),
  "the lease of a ends": ends("a"),
  "the lease of b ends": ends("b"),
  "the lease of a bystander ends": ends("c"),
  "the lease of a former life of a ends": ends("a-0"),
  "a tick within the handoff timeout": { tag: "tick" },
  "a tick past the handoff timeout": { tag: "tick" },
} as const satisfies Record<string, CoordinatorInput>;

type RowName = keyof typeof rows;
type InputName = keyof typeof inputs;

function sceneWith(row: ShardRow): CoordinatorScene {
  // A cluster without any owner counts as cold; here it does not wait.
  const warm = { settleMinMs: 0, settleMaxMs: 0 };
  const options = { shards: 1, rebalance: "manual", ...warm } as const;
  const scene = CoordinatorScene.settled(["a", "b", "c"], options);
  const nodes = new Map(scene.cluster.nodes);
  // A shard stays without a home only while no node may take it.
  if (row.state === "unallocated") {
    for (const node of nodes.values()) nodes.set(node.nodeId, { ...node, cordoned: true });
  }
  const shards = new Map([[group, [row]]]);
  scene.state = { ...scene.state, cluster: { ...scene.cluster, nodes, shards } };
  scene.log.length = 0;
  scene.takeOver("a");
  // The first tick repeats the orders that the rows imply; it is no part of the cell.
  scene.tick();
  return scene;
}

function describeRow(row: ShardRow): string {
  const head = `${row.state} ${row.epoch}`;
  switch (row.state) {
    case "unallocated":
      return head;
    case "starting":
      return `${head} ${nameOf(row.owner)}${row.carried === null ? "" : ` with ${row.carried.handoffId}`}`;
    case "hosted":
      return `${head} ${nameOf(row.owner)}`;
    case "handing-off":
      return `${head} ${nameOf(row.owner)} to ${nameOf(row.handoff.to)}`;
    default:
      return row satisfies never;
  }
}

function outcome(row: ShardRow, name: InputName): string {
  const scene = sceneWith(row);
  scene.nowMs += name === "a tick past the handoff timeout" ? 12_001 : 1;
  const { deaths, messages } = scene.turn(inputs[name]);
  return [
    describeRow(scene.row(0)),
    ...deaths.map((death) => `${nameOf(death)} dies`),
    ...messages.map(({ to, message }) => `${message.tag} > ${nameOf(to)}`),
  ].join(", ");
}
/** The row afterwards, who was declared dead, and what was sent to whom. */
const table: Record<RowName, Record<InputName, string>> = {
  unallocated: {
    "a registers again": "unallocated 5, region-registered > a",
    "a new life of a registers": "unallocated 5, a dies, region-registered > a-2",
    "a new node registers": "starting 6 d, region-registered > d",
    "a claims an older epoch": "unallocated 5, stop-shards > a",
    "a claims the epoch": "unallocated 5, stop-shards > a",
    "a claims a newer epoch": "starting 8 a",
    "b claims an older epoch": "unallocated 5, stop-shards > b",
    "b claims the epoch": "unallocated 5, stop-shards > b",
    "b claims a newer epoch": "starting 8 b",
    "a hosts at the epoch": "unallocated 5",
    "a hosts at an older epoch": "unallocated 5",
    "b hosts at the epoch": "unallocated 5",
    "a former life hosts at the epoch": "unallocated 5",
    "a acknowledges h-5": "unallocated 5",
    "a releases for h-5": "unallocated 5",
    "a releases late, for an earlier handoff": "unallocated 5",
    "a releases at an older epoch": "unallocated 5",
    "b releases for h-5": "unallocated 5",
    "a fails h-5": "unallocated 5",
    "a fails an earlier handoff": "unallocated 5",
    "b fails h-5": "unallocated 5",
    "a refuses to host": "unallocated 5",
    "a refuses to host at an older epoch": "unallocated 5",
    "b refuses to host": "unallocated 5",
    "the lease of a ends": "unallocated 5, a dies",
    "the lease of b ends": "unallocated 5, b dies",
    "the lease of a bystander ends": "unallocated 5, c dies",
    "the lease of a former life of a ends": "unallocated 5",
    "a tick within the handoff timeout": "unallocated 5",
    "a tick past the handoff timeout": "unallocated 5",
  },
  starting: {
    "a registers again": "starting 5 a, region-registered > a",
    "a new life of a registers": "starting 6 b, a dies, region-registered > a-2",
    "a new node registers": "starting 5 a, region-registered > d",
    "a claims an older epoch": "starting 5 a",
    "a claims the epoch": "hosted 5 a",
    "a claims a newer epoch": "starting 8 a",
    "b claims an older epoch": "starting 5 a, stop-shards > b",
    "b claims the epoch": "starting 5 a, stop-shards > b",
    "b claims a newer epoch": "starting 8 b",
    "a hosts at the epoch": "hosted 5 a",
    "a hosts at an older epoch": "starting 5 a",
    "b hosts at the epoch": "starting 5 a",
    "a former life hosts at the epoch": "starting 5 a",
    "a acknowledges h-5": "starting 5 a",
    "a releases for h-5": "starting 5 a",
    "a releases late, for an earlier handoff": "starting 5 a",
    "a releases at an older epoch": "starting 5 a",
    "b releases for h-5": "starting 5 a",
    "a fails h-5": "starting 5 a",
    "a fails an earlier handoff": "starting 5 a",
    "b fails h-5": "starting 5 a",
    "a refuses to host": "starting 6 a",
    "a refuses to host at an older epoch": "starting 5 a",
    "b refuses to host": "starting 5 a",
    "the lease of a ends": "starting 6 b, a dies",
    "the lease of b ends": "starting 5 a, b dies",
    "the lease of a bystander ends": "starting 5 a, c dies",
    "the lease of a former life of a ends": "starting 5 a",
    "a tick within the handoff timeout": "starting 5 a",
    "a tick past the handoff timeout": "starting 5 a, host-shards > a",
  },
  "starting, with state of b": {
    "a registers again": "starting 5 a with h-4, region-registered > a",
    "a new life of a registers": "starting 6 b with h-4, a dies, region-registered > a-2",
    "a new node registers": "starting 5 a with h-4, region-registered > d",
    "a claims an older epoch": "starting 5 a with h-4",
    "a claims the epoch": "hosted 5 a",
    "a claims a newer epoch": "starting 8 a",
    "b claims an older epoch": "starting 5 a with h-4",
    "b claims the epoch": "starting 5 a with h-4",
    "b claims a newer epoch": "starting 8 b",
    "a hosts at the epoch": "hosted 5 a",
    "a hosts at an older epoch": "starting 5 a with h-4",
    "b hosts at the epoch": "starting 5 a with h-4",
    "a former life hosts at the epoch": "starting 5 a with h-4",
    "a acknowledges h-5": "starting 5 a with h-4",
    "a releases for h-5": "starting 5 a with h-4",
    "a releases late, for an earlier handoff": "starting 5 a with h-4",
    "a releases at an older epoch": "starting 5 a with h-4",
    "b releases for h-5": "starting 5 a with h-4",
    "a fails h-5": "starting 5 a with h-4",
    "a fails an earlier handoff": "starting 5 a with h-4",
    "b fails h-5": "starting 5 a with h-4",
    "a refuses to host": "starting 6 b with h-4",
    "a refuses to host at an older epoch": "starting 5 a with h-4",
    "b refuses to host": "starting 5 a with h-4",
    "the lease of a ends": "starting 6 b with h-4, a dies",
    "the lease of b ends": "starting 5 a with h-4, b dies",
    "the lease of a bystander ends": "starting 5 a with h-4, c dies",
    "the lease of a former life of a ends": "starting 5 a with h-4",
    "a tick within the handoff timeout": "starting 5 a with h-4",
    "a tick past the handoff timeout": "starting 5 a with h-4, host-shards > a",
  },
  hosted: {
    "a registers again": "hosted 5 a, region-registered > a",
    "a new life of a registers": "starting 6 b, a dies, region-registered > a-2",
    "a new node registers": "hosted 5 a, region-registered > d",
    "a claims an older epoch": "hosted 5 a",
    "a claims the epoch": "hosted 5 a",
    "a claims a newer epoch": "starting 8 a",
    "b claims an older epoch": "hosted 5 a, stop-shards > b",
    "b claims the epoch": "hosted 5 a, stop-shards > b",
    "b claims a newer epoch": "starting 8 b",
    "a hosts at the epoch": "hosted 5 a",
    "a hosts at an older epoch": "hosted 5 a",
    "b hosts at the epoch": "hosted 5 a",
    "a former life hosts at the epoch": "hosted 5 a",
    "a acknowledges h-5": "hosted 5 a",
    "a releases for h-5": "hosted 5 a",
    "a releases late, for an earlier handoff": "hosted 5 a",
    "a releases at an older epoch": "hosted 5 a",
    "b releases for h-5": "hosted 5 a",
    "a fails h-5": "hosted 5 a",
    "a fails an earlier handoff": "hosted 5 a",
    "b fails h-5": "hosted 5 a",
    "a refuses to host": "hosted 5 a",
    "a refuses to host at an older epoch": "hosted 5 a",
    "b refuses to host": "hosted 5 a",
    "the lease of a ends": "starting 6 b, a dies",
    "the lease of b ends": "hosted 5 a, b dies",
    "the lease of a bystander ends": "hosted 5 a, c dies",
    "the lease of a former life of a ends": "hosted 5 a",
    "a tick within the handoff timeout": "hosted 5 a",
    "a tick past the handoff timeout": "hosted 5 a",
  },
  "handing-off to b": {
    "a registers again": "handing-off 5 a to b, region-registered > a",
    "a new life of a registers": "starting 6 c, a dies, region-registered > a-2",
    "a new node registers": "handing-off 5 a to b, region-registered > d",
    "a claims an older epoch": "handing-off 5 a to b",
    "a claims the epoch": "handing-off 5 a to b",
    "a claims a newer epoch": "starting 8 a",
    "b claims an older epoch": "handing-off 5 a to b, stop-shards > b",
    "b claims the epoch": "handing-off 5 a to b, stop-shards > b",
    "b claims a newer epoch": "starting 8 b",
    "a hosts at the epoch": "handing-off 5 a to b",
    "a hosts at an older epoch": "handing-off 5 a to b",
    "b hosts at the epoch": "handing-off 5 a to b",
    "a former life hosts at the epoch": "handing-off 5 a to b",
    "a acknowledges h-5": "handing-off 5 a to b",
    "a releases for h-5": "starting 6 b with h-5",
    "a releases late, for an earlier handoff": "handing-off 5 a to b",
    "a releases at an older epoch": "handing-off 5 a to b",
    "b releases for h-5": "handing-off 5 a to b",
    "a fails h-5": "starting 6 a",
    "a fails an earlier handoff": "handing-off 5 a to b",
    "b fails h-5": "handing-off 5 a to b",
    "a refuses to host": "handing-off 5 a to b",
    "a refuses to host at an older epoch": "handing-off 5 a to b",
    "b refuses to host": "handing-off 5 a to b",
    "the lease of a ends": "starting 6 c, a dies",
    "the lease of b ends": "starting 6 a, b dies",
    "the lease of a bystander ends": "handing-off 5 a to b, c dies",
    "the lease of a former life of a ends": "handing-off 5 a to b",
    "a tick within the handoff timeout": "handing-off 5 a to b",
    "a tick past the handoff timeout": "starting 6 a",
  },
};

describe("a shard at epoch 5", () => {
  for (const [row, cells] of Object.entries(table) as [RowName, Record<InputName, string>][]) {
    for (const [name, expected] of Object.entries(cells) as [InputName, string][]) {
      it(`${row} + ${name} -> ${expected}`, () => {
        expect(outcome(rows[row], name)).toBe(expected);
      });
    }
  }
});
