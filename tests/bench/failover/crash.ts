import type { TestNode } from "../../cluster/harness.ts";
import { untilAllAnswer } from "./answers.ts";
import type { Figure, Floor } from "./rows.ts";
import { type Scene, ttlMs } from "./scene.ts";

const activeBound = { p50Ms: 150, p99Ms: 500 };
const answersBound = { p50Ms: 300, worstMs: 1_000 };

interface Crash {
  readonly firstMs: number;
  readonly allMs: number;
  /** Until the next coordinator led; null where a candidate died. */
  readonly activeMs: number | null;
  /** Shards of healthy nodes that had another home or epoch afterwards. */
  readonly moved: number;
}

/** SIGKILL of the coordinator or of another node, with the proof of death that a host gives. */
export async function crash(
  scene: Scene,
  role: "coordinator" | "node",
  rounds: number,
  floor: Floor,
): Promise<readonly Figure[]> {
  const crashes: Crash[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    const one = await killOnce(scene, role);
    crashes.push(one);
    scene.progress(
      `${scene.shards} shards, ${role} killed ${round}/${rounds}: first answer ${one.firstMs.toFixed(0)} ms, all ${one.allMs.toFixed(0)} ms${one.activeMs === null ? "" : `, next coordinator ${one.activeMs} ms`}`,
    );
  }
  const moved = crashes.reduce((sum, one) => sum + one.moved, 0);
  const faults = moved === 0 ? [] : [`${moved} healthy shards moved`];
  const activeMs = crashes.flatMap((one) => one.activeMs ?? []);
  const firstMs = crashes.map((one) => one.firstMs);
  const allMs = crashes.map((one) => one.allMs);
  const active = { what: "coordinator killed: next one active", timesMs: activeMs, floor };
  return [
    ...(role === "coordinator" ? [{ ...active, bound: activeBound, faults }] : []),
    { what: `${role} killed: first answer`, timesMs: firstMs, floor },
    { what: `${role} killed: all answers`, timesMs: allMs, bound: answersBound, floor },
  ];
}

/** SIGSTOP: a node whose death nobody can prove, so that its lease has to run out. */
export async function freeze(scene: Scene, rounds: number): Promise<readonly Figure[]> {
  const timesMs: number[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    const victim = scene.witness.candidate();
    const asked = await askOf(scene, victim);
    const startMs = performance.now();
    victim.freeze();
    const { allMs } = await asked(startMs);
    timesMs.push(allMs);
    scene.progress(
      `${scene.shards} shards, node frozen ${round}/${rounds}: ${allMs.toFixed(0)} ms`,
    );
    victim.thaw();
    await scene.witness.settled();
  }
  const floor = { name: "ttl", ms: ttlMs };
  const bound = { worstMs: ttlMs + 1_000 };
  return [{ what: "node frozen: all answers", timesMs, bound, floor }];
}

async function killOnce(scene: Scene, role: "coordinator" | "node"): Promise<Crash> {
  const { witness, cluster } = scene;
  const victim = role === "coordinator" ? witness.coordinator() : witness.candidate();
  const others = cluster.nodes.filter((node) => node !== victim);
  const before = witness.homes();
  const asked = await askOf(scene, victim);
  const killedAtMs = Date.now();
  const startMs = performance.now();
  // Its death can be proven once this process, its parent, has heard of it: no question may delay that.
  await victim.kill();
  const { firstMs, allMs } = await asked(startMs);
  const after = witness.homes();
  const moved = before.filter(
    (home, i) => home.nodeId !== victim.nodeId && home.epoch !== after[i]?.epoch,
  );
  const activeMs = role === "coordinator" ? ledAtMs(others, killedAtMs) - killedAtMs : null;
  await victim.start();
  await victim.becomeReady();
  await witness.settled();
  return { firstMs, allMs, activeMs, moved: moved.length };
}

/** Asks one entity of each shard that the node has now. */
async function askOf({ witness }: Scene, victim: TestNode) {
  const { incarnation } = await victim.self();
  const ids = witness.shardsOf(victim.nodeId).map((shard) => witness.ids[shard] as string);
  return (faultMs: number) => untilAllAnswer(witness.node, ids, incarnation, faultMs);
}

/** By what the nodes wrote, so that nobody has to ask them while they take over. @unit wall-clock milliseconds */
function ledAtMs(nodes: readonly TestNode[], sinceMs: number): number {
  const lines = nodes.flatMap((node) => node.log(500).split("\n"));
  const led = lines.flatMap((line) => {
    if (!line.includes('"msg":"leading"')) return [];
    const atMs = Date.parse((JSON.parse(line) as { time: string }).time);
    return atMs >= sinceMs ? [atMs] : [];
  });
  if (led.length === 0) throw new Error("No node has said that it leads.");
  return Math.min(...led);
}
