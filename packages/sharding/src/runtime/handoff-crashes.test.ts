import type { StandardSchemaV1 } from "@standard-schema/spec";
import { describe, expect, it } from "vitest";
import type { PlanRow, ShardRow } from "../core/cluster.ts";
import type { NodeId } from "../core/ids.ts";
import type { ControlMessage } from "../core/messages.ts";
import type { Clock } from "../ports/clock.ts";
import { ledgerEntity } from "../testkit/sim/ledger.ts";
import { createRandom } from "../testkit/sim/random.ts";
import { SimCluster, type SimNode } from "../testkit/sim/sim-cluster.ts";
import { Timeline } from "../testkit/sim/timeline.ts";
import { type AnyEntityDefinition, command, defineEntity } from "./entities/definition.ts";
import { pause } from "./pause.ts";

const text: StandardSchemaV1<string> = {
  "~standard": { version: 1, vendor: "test", validate: (value) => ({ value: value as string }) },
};

/** Volatile, and large: three of them are five chunks. */
const box = (clock: Clock): AnyEntityDefinition =>
  defineEntity("box", {
    state: () => ({ text: "" }),
    commands: {
      fill: command(text, ({ state }, value) => {
        state.text = value;
      }),
      read: command(({ state }) => state.text),
      hold: command(() => pause(clock, 20)),
    },
  }) as unknown as AnyEntityDefinition;

const ids = ["a", "b", "c"];
const contentOf = (id: string): string => id.repeat(400_000);

type Role = "source" | "target" | "coordinator";

/** What is about to happen when somebody is killed. */
interface Moment {
  readonly scene: Scene;
  readonly nodeId: NodeId;
  readonly point: string;
  readonly message: ControlMessage | null;
}

/** The phases of a move, by the first moment of each. */
const phases = {
  begin: ({ scene, message }: Moment) => message === null && scene.row().state === "handing-off",
  acknowledged: ({ point }: Moment) => point === "received:handoffs-acked",
  copying: ({ point, message }: Moment) =>
    point === "received:state-chunk" && message?.tag === "state-chunk" && message.whole === null,
  capturing: ({ point, message }: Moment) =>
    point === "sending:state-chunk" && message?.tag === "state-chunk" && message.whole !== null,
  transferring: ({ point, message }: Moment) =>
    point === "received:state-chunk" && message?.tag === "state-chunk" && message.whole !== null,
  restoring: ({ point, message, scene }: Moment) =>
    point === "sending:state-taken" &&
    message?.tag === "state-taken" &&
    message.received === scene.size,
  "before done": ({ point, scene, nodeId }: Moment) =>
    point === "sending:shards-hosted" && nodeId === scene.roles.target,
} satisfies Record<string, (moment: Moment) => boolean>;
type Phase = keyof typeof phases;

/**
 * Where the volatile state is in the end. `moved`: at the target, as it was. `stayed`: at the source, as it was.
 * `reset`: gone with the only process that had it, or whose word for it was still out.
 */
const outcomes: Record<Role, Record<Phase, "moved" | "stayed" | "reset">> = {
  source: {
    begin: "reset",
    acknowledged: "reset",
    copying: "reset",
    capturing: "reset",
    transferring: "reset",
    // Restored at the target, but nobody has said so: the death of its home makes it a shard like any other.
    restoring: "reset",
    "before done": "moved",
  },
  target: {
    begin: "stayed",
    acknowledged: "stayed",
    copying: "stayed",
    capturing: "stayed",
    transferring: "stayed",
    restoring: "stayed",
    // It was the home, and may have served: what it did since is lost, the source's copy is not.
    "before done": "stayed",
  },
  coordinator: {
    begin: "moved",
    acknowledged: "moved",
    copying: "moved",
    capturing: "moved",
    transferring: "moved",
    restoring: "moved",
    "before done": "moved",
  },
};

const ttlMs = 1_000;

class Scene {
  readonly timeline = new Timeline();
  readonly cluster: SimCluster;
  roles: Record<Role, NodeId> = { source: "", target: "", coordinator: "" };
  /** Of the captured state. @unit bytes */
  size = 0;

  constructor(seed: number) {
    this.cluster = new SimCluster({
      ...{ timeline: this.timeline, random: createRandom(seed), shards: 1, ttlMs },
      ...{ lanes: 1, drift: 0.001 },
      entities: (_nodeId, clock) => [box(clock), ledgerEntity],
      daemons: () => [],
      isProxy: () => false,
      say: () => undefined,
    });
  }

  /** Three nodes; the shard, with its entities, on one that does not lead. */
  async begin(): Promise<void> {
    for (const nodeId of ["node-1", "node-2", "node-3"]) this.cluster.start(nodeId);
    await this.until("the shard is hosted and all are there", () => {
      const { nodes } = this.cluster.postgres.tables.state();
      return this.row()?.state === "hosted" && nodes.size === 3;
    });
    const { coordinator } = this.cluster.postgres.tables.state();
    const leads = coordinator?.nodeId as NodeId;
    const [first, second] = this.cluster.nodeIds.filter((nodeId) => nodeId !== leads);
    const owner = this.owner();
    const source = owner === leads ? (first as NodeId) : owner;
    if (owner === leads) await this.result(this.move(source));
    await this.until("its source hosts it", () => this.isAt(source));
    this.roles = {
      coordinator: leads,
      source,
      target: source === first ? (second as NodeId) : (first as NodeId),
    };
    for (const id of ids) await this.ask("box", id, "fill", contentOf(id));
    for (let note = 1; note <= 5; note += 1)
      await this.ask("ledger", "l", "note", { id: `${note}` });
  }

  row(): ShardRow {
    return this.cluster.postgres.tables.state().shards.get("default")?.[0] as ShardRow;
  }

  owner(): NodeId {
    const row = this.row();
    return row.state === "unallocated" ? "" : row.owner.nodeId;
  }

  isAt(nodeId: NodeId): boolean {
    return this.row().state === "hosted" && this.owner() === nodeId;
  }

  plan(): PlanRow {
    return [...this.cluster.postgres.tables.state().plans.values()].at(-1) as PlanRow;
  }

  async move(to: NodeId): Promise<void> {
    const via = this.anyNode();
    const request = { kind: "move", moves: [{ group: "default", shard: 0, to }] } as const;
    const { planId } = await via.node.admin({ tag: "plan", by: "test", request });
    if (planId === null) throw new Error("no plan");
    await via.node.admin({ tag: "plan-control", by: "test", planId, verb: "apply" });
  }

  anyNode(): SimNode {
    return [...this.cluster.nodes.values()][0] as SimNode;
  }

  ask(type: string, id: string, name: string, input: unknown = null): Promise<unknown> {
    const { node } = this.anyNode();
    return this.result(node.ask({ type, id, command: name, input }).then(({ result }) => result));
  }

  /** The role dies at the first moment of the phase. */
  killAt(role: Role, phase: Phase): () => boolean {
    let isOver = false;
    const look = (moment: Moment): void => {
      if (isOver || !phases[phase](moment)) return;
      isOver = true;
      this.cluster.kill(this.cluster.nodes.get(this.roles[role]) as SimNode);
    };
    this.cluster.onPoint = (nodeId, point, message) => {
      const said = message as ControlMessage;
      if (said.tag === "state-chunk") this.size = said.whole?.size ?? 0;
      look({ scene: this, nodeId, point, message: said });
    };
    this.#look = () => look({ scene: this, nodeId: "", point: "", message: null });
    return () => isOver;
  }

  #look: () => void = () => undefined;

  async until(sentence: string, isTrue: () => boolean): Promise<void> {
    const endMs = this.timeline.nowMs + 20_000;
    while (!isTrue()) {
      if (this.timeline.nowMs > endMs) throw new Error(`Did not come true: ${sentence}`);
      await this.timeline.run(this.timeline.nowMs + 1, () => this.#look());
    }
  }

  async result<T>(promise: Promise<T>): Promise<T> {
    let isSettled = false;
    const settled = (): void => {
      isSettled = true;
    };
    promise.then(settled, settled);
    await this.until("the promise settles", () => isSettled);
    return await promise;
  }

  /** What handoffs have left: none of it may be there once all is well again. */
  leftovers(): readonly string[] {
    const plans = [...this.cluster.postgres.tables.state().plans.values()];
    const open = plans.filter(({ state }) => state === "applying" || state === "paused");
    const found = open.map(({ planId, state }) => `plan ${planId} is ${state}`);
    if (this.row().state !== "hosted") found.push(`the shard is ${this.row().state}`);
    for (const { nodeId, node } of this.cluster.nodes.values()) {
      const { statesOut, statesIn, entities } = node.counters();
      if (statesOut + statesIn > 0)
        found.push(`${nodeId} keeps ${statesOut} and ${statesIn} states`);
      const expected = nodeId === this.owner() ? ids.length + 1 : 0;
      if (entities > expected) found.push(`${nodeId} has ${entities} entities, not ${expected}`);
    }
    return found;
  }
}

describe.each(Object.keys(outcomes) as Role[])("a %s that is killed in a move", (role) => {
  it.each(Object.entries(outcomes[role]) as [Phase, string][])(
    "at %s: what is durable is there, what is volatile has %s, and nothing is left over",
    async (phase, outcome) => {
      const scene = new Scene(7);
      await scene.begin();
      const { source, target } = scene.roles;
      const isKilled = scene.killAt(role, phase);
      const held = scene.anyNode().node.ask({ type: "box", id: "a", command: "hold", input: null });
      held.catch(() => undefined);
      const moved = scene.move(target);
      // Whoever carries the command may lose its answer with the coordinator.
      moved.catch(() => undefined);
      await scene.until("it is killed", isKilled);
      await scene.until("the shard is hosted, and its plan has ended", () => {
        return scene.row().state === "hosted" && scene.plan().state !== "applying";
      });
      const at = { moved: target, stayed: source, reset: scene.owner() }[outcome];
      expect(scene.owner()).toBe(at);
      for (const id of ids) {
        const content = outcome === "reset" ? "" : contentOf(id);
        expect((await scene.ask("box", id, "read")) === content, id).toBe(true);
      }
      expect(await scene.ask("ledger", "l", "note", { id: "6" })).toBe(6);
      const [progress] = scene.plan().progress;
      const isDone = scene.owner() === target;
      expect(progress?.state).toBe(isDone ? "done" : "failed");
      if (!isDone) expect(progress?.why).toMatch(/\w/);
      await scene.until("nothing is left over", () => scene.leftovers().length === 0);
      scene.cluster.restartAll();
      await scene.timeline.run(scene.timeline.nowMs + 3 * ttlMs, () => undefined);
      expect(scene.leftovers()).toEqual([]);
    },
  );
});
