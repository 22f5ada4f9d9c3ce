import { describe, expect, it } from "vitest";
import {
  CoordinatorScene,
  group,
  lifeOf,
  type SceneOptions,
} from "../../testkit/coordinator-scene.ts";
import type { CoordinatorInput, TurnResult } from "../coordinator.ts";
import { defaultCoordinatorOptions, turnCoordinator } from "../coordinator.ts";

/**
 * Where a coordinator falls in its turn. Before the commit nothing of the turn is written, and what it had
 * heard is lost with it. After the commit the log has it, and no message of it is ever sent. A commit whose
 * outcome the coordinator does not know is one of the two.
 */
const points = ["before its commit", "after its commit"] as const;
type Point = (typeof points)[number];

/** A scene whose coordinator falls in one of its turns; another node takes over with the rows alone. */
class FallingScene extends CoordinatorScene {
  turns = 0;
  mostInFlight = 0;
  readonly #fallsAt: number;
  readonly #point: Point;

  constructor(options: SceneOptions, fallsAt: number, point: Point) {
    super({ rebalance: "manual", ...options });
    this.#fallsAt = fallsAt;
    this.#point = point;
  }

  override turn(...inputs: CoordinatorInput[]): TurnResult {
    this.turns += 1;
    const falls = this.turns === this.#fallsAt;
    if (falls && this.#point === "before its commit") {
      turnCoordinator(this.state, inputs, this.nowMs);
      this.turned = { ...this.turned, state: this.state, events: [], deaths: [], messages: [] };
    } else {
      super.turn(...inputs);
    }
    if (falls) this.takeOver("b");
    this.mostInFlight = Math.max(this.mostInFlight, this.countIn("handing-off"));
    return this.turned;
  }

  countIn(state: string): number {
    return this.shards().filter((shard) => this.row(shard).state === state).length;
  }

  shards(): readonly number[] {
    return (this.cluster.shards.get(group) ?? []).map((_row, shard) => shard);
  }

  /** What nodes do as long as the log does not show that they were heard. */
  nodesSpeak(names: readonly string[]): void {
    for (const name of names) if (!this.isMember(lifeOf(name))) this.joins(name);
    const before = this.shards().map((shard) => this.row(shard).state);
    for (const [shard, state] of before.entries()) {
      if (state === "starting") this.hosts(shard);
      if (state === "handing-off") this.releases(shard);
    }
  }
}

/** An operator, who looks before each step and repeats what has not been done. @returns whether all is done. */
type Operator = (scene: FallingScene) => boolean;

interface Story {
  readonly nodes: readonly string[];
  readonly options: SceneOptions;
  readonly operator: Operator;
  readonly ends: (scene: FallingScene) => void;
}

const say = (scene: FallingScene, command: Parameters<CoordinatorScene["asks"]>[0]): false => {
  scene.says("b", { tag: "admin", requestId: "r", command });
  return false;
};
const control = (scene: FallingScene, verb: "apply" | "pause" | "resume" | "cancel"): false => {
  const planId = scene.plans()[0]?.planId ?? "";
  return say(scene, { tag: "plan-control", by: "olga", planId, verb });
};
const doneOf = (scene: FallingScene): number =>
  scene.plans()[0]?.progress.filter((move) => move.state === "done").length ?? 0;
const epochs = (scene: FallingScene): string =>
  scene
    .shards()
    .map((shard) => scene.row(shard).epoch)
    .join(" ");

/** Four shards of a to b, two at a time at most. */
const proposed = (scene: FallingScene): boolean => {
  if (scene.countIn("hosted") < 6 && scene.plans().length === 0) return false;
  if (scene.plans().length > 0) return true;
  const owned = scene.shards().filter((shard) => scene.ownerOf(shard) === "a");
  const moves = owned.slice(0, 4).map((shard) => ({ group, shard, to: "b" }));
  return say(scene, { tag: "plan", by: "olga", request: { kind: "move", moves } });
};
const started = (scene: FallingScene): boolean => {
  if (!proposed(scene)) return false;
  return scene.plans()[0]?.state === "proposed" ? control(scene, "apply") : true;
};

/** B joins after a was given everything. */
const unbalanced = { shards: 6, movesInFlight: 2, settleMinMs: 0, settleMaxMs: 0 };

const stories: Readonly<Record<string, Story>> = {
  "an allocation": {
    nodes: ["a", "b", "c"],
    options: { shards: 6 },
    operator: (scene) => scene.countIn("hosted") === 6,
    ends: (scene) => {
      expect(scene.owners()).toBe("a b c a b c");
      expect(epochs(scene)).toBe("1 1 1 1 1 1");
    },
  },
  "a plan": {
    nodes: ["a", "b"],
    options: unbalanced,
    operator: (scene) => started(scene) && scene.plans()[0]?.state === "done",
    ends: (scene) => {
      expect(scene.owners()).toBe("b b b b a a");
      expect(epochs(scene)).toBe("2 2 2 2 1 1");
      expect(scene.shards().map((shard) => scene.row(shard).pinned)).toEqual([
        ...[true, true, true, true],
        ...[false, false],
      ]);
    },
  },
  "a plan that is paused and resumed": {
    nodes: ["a", "b"],
    options: { ...unbalanced, movesInFlight: 1 },
    operator: pauseOnce(),
    ends: (scene) => {
      expect(scene.owners()).toBe("b b b b a a");
      expect(epochs(scene)).toBe("2 2 2 2 1 1");
    },
  },
  "a plan that is cancelled": {
    nodes: ["a", "b"],
    options: { ...unbalanced, movesInFlight: 1 },
    operator: (scene) => {
      if (!started(scene)) return false;
      if (scene.plans()[0]?.state === "cancelled") return true;
      return doneOf(scene) >= 1 ? control(scene, "cancel") : false;
    },
    ends: (scene) => {
      // What was moving ends as it would have, and nothing else begins.
      const types = scene.log.map((entry) =>
        entry.type === "plan-state-changed" ? entry.state : entry.type,
      );
      expect(types.lastIndexOf("handoff-began")).toBeLessThan(types.indexOf("cancelled"));
      const began = types.filter((type) => type === "handoff-began").length;
      expect([doneOf(scene), scene.countIn("hosted")]).toEqual([began, 6]);
    },
  },
  "a drain": {
    nodes: ["a", "b", "c"],
    options: { shards: 6, movesInFlight: 1 },
    operator: (scene) => {
      const node = scene.cluster.nodes.get("c");
      if (node?.state === "drained") return true;
      if (scene.countIn("hosted") < 6 || node?.state !== "up") return false;
      return say(scene, { tag: "drain", by: "olga", nodeId: "c" });
    },
    ends: (scene) => {
      expect(scene.owners()).toBe("a b a a b b");
      expect(epochs(scene)).toBe("1 1 2 1 1 2");
      expect(scene.plans().map((plan) => plan.state)).toEqual(["done"]);
    },
  },
};

/** Pauses when the first move is done, sees that nothing begins for a minute, and resumes. */
function pauseOnce(): Operator {
  const rested = new WeakSet<FallingScene>();
  return (scene) => {
    if (!started(scene)) return false;
    const state = scene.plans()[0]?.state;
    if (state === "done") return true;
    const isToPause = !rested.has(scene) && doneOf(scene) >= 1;
    if (state === "applying") return isToPause ? control(scene, "pause") : false;
    if (scene.countIn("hosted") < 6) return false;
    if (!rested.has(scene)) seeNothingMove(scene);
    rested.add(scene);
    return control(scene, "resume");
  };
}

function seeNothingMove(scene: FallingScene): void {
  const before = doneOf(scene);
  scene.tick(60_000);
  expect([doneOf(scene), scene.countIn("handing-off")]).toEqual([before, 0]);
}

function tell({ nodes, options, operator, ends }: Story, fallsAt: number, point: Point): number {
  const scene = new FallingScene(options, fallsAt, point);
  for (let round = 0; round < 300; round += 1) {
    scene.tick(50);
    // The first node is given everything where the others come late.
    const here =
      options.settleMaxMs === 0 && scene.countIn("hosted") < 6 ? nodes.slice(0, 1) : nodes;
    scene.nodesSpeak(round === 0 || scene.plans().length === 0 ? here : nodes);
    if (operator(scene) && scene.countIn("hosted") === 6) {
      const { turns } = scene;
      scene.settle();
      ends(scene);
      expect(scene.mostInFlight).toBeLessThanOrEqual(
        options.movesInFlight ?? defaultCoordinatorOptions.movesInFlight,
      );
      return turns;
    }
  }
  throw new Error(`The story does not end: ${scene.owners()}, ${JSON.stringify(scene.plans())}`);
}

describe("a coordinator that falls", () => {
  for (const [name, story] of Object.entries(stories)) {
    const turns = tell(story, 0, "after its commit");
    for (const point of points) {
      it(`${point}, in any of the ${turns} turns of ${name}, is followed by one that goes on`, () => {
        for (let fallsAt = 1; fallsAt <= turns; fallsAt += 1) {
          try {
            tell(story, fallsAt, point);
          } catch (error) {
            throw new Error(`It fell in turn ${fallsAt}.`, { cause: error });
          }
        }
        expect(turns).toBeGreaterThan(8);
      });
    }
  }
});
