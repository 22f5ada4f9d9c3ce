import { describe, expect, it } from "vitest";
import type { AnyEntityDefinition } from "../../runtime/entities/definition.ts";
import type { MemoryLane } from "../memory-lanes.ts";
import { ledgerEntity } from "./ledger.ts";
import { createRandom } from "./random.ts";
import { SimCluster, type SimNode } from "./sim-cluster.ts";
import { Timeline } from "./timeline.ts";

class Scene {
  readonly said: string[] = [];
  readonly timeline = new Timeline();
  readonly cluster = new SimCluster({
    ...{ timeline: this.timeline, random: createRandom(1), shards: 6, lanes: 2, ttlMs: 1_000 },
    ...{ drift: 0, entities: (): readonly AnyEntityDefinition[] => [ledgerEntity] },
    ...{ daemons: () => [], isProxy: () => false, say: (line) => this.said.push(line) },
  });

  async begin(): Promise<void> {
    this.cluster.start("node-1");
    await this.until("the node is ready", () => this.node.node.isReady());
  }

  get node(): SimNode {
    return this.cluster.nodes.get("node-1") as SimNode;
  }

  async until(sentence: string, isTrue: () => boolean): Promise<void> {
    const endMs = this.timeline.nowMs + 20_000;
    while (!isTrue()) {
      if (this.timeline.nowMs > endMs) throw new Error(`Did not come true: ${sentence}`);
      await this.timeline.run(this.timeline.nowMs + 1, () => undefined);
    }
  }
}

describe("a simulated process with lanes", () => {
  it("ends when it leaves, also where a lane that is stuck has to be ended", async () => {
    const scene = new Scene();
    await scene.begin();
    scene.node.lanes[1]?.stick();
    void scene.cluster.leave(scene.node);
    await scene.until("the process has ended", () => !scene.cluster.nodes.has("node-1"));
    expect(scene.said.join("\n")).toContain("node-1 leaves with exit code 1: A lane has failed");
    expect(scene.cluster.violations).toEqual([]);
  });

  it("starts again where a lane has failed, and may blame none that was left alone", async () => {
    for (const [end, blamed] of [
      [(lane: MemoryLane) => lane.fail(new Error("out of memory")), []],
      [(lane: MemoryLane) => void lane.terminate(), [/^L1: node-1 blames lane 1, .*has ended/]],
    ] as const) {
      const scene = new Scene();
      await scene.begin();
      const first = scene.node;
      end(first.lanes[1] as MemoryLane);
      await scene.until("another process runs", () => scene.cluster.nodes.get("node-1") !== first);
      await scene.until("it is ready", () => scene.node.node.isReady());
      expect(scene.cluster.violations).toEqual(blamed.map((why) => expect.stringMatching(why)));
    }
  });
});
