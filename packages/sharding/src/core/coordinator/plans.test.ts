import { describe, expect, it } from "vitest";
import { CoordinatorScene, group, lifeOf } from "../../testkit/coordinator-scene.ts";
import type { PlanState } from "../log.ts";
import type { AdminAnswer, PlanVerb } from "../messages.ts";

/** Nodes a, b and c with two shards each, nothing automatic; a plan that moves shard 0 from a to b. */
function proposed(): { scene: CoordinatorScene; planId: string } {
  const scene = CoordinatorScene.settled(["a", "b", "c"], { shards: 6, rebalance: "manual" });
  return { scene, planId: scene.proposesMove(0, "b") };
}

function planIn(state: PlanState): { scene: CoordinatorScene; planId: string } {
  const { scene, planId } = proposed();
  if (state === "proposed") return { scene, planId };
  if (state === "stale") {
    scene.loses("b");
    scene.controls(planId, "apply");
    return { scene, planId };
  }
  scene.applies(planId);
  if (state === "paused") scene.controls(planId, "pause");
  if (state === "cancelled") scene.controls(planId, "cancel");
  if (state === "done") {
    scene.releases(0);
    scene.hosts(0);
  }
  if (state === "failed") {
    scene.tick(12_001);
    scene.tick();
  }
  return { scene, planId };
}

const answerName = (answer: AdminAnswer): string => (answer.ok ? "ok" : answer.code);

type Cell = readonly [answer: string, state: PlanState];

const table: Record<PlanState, Record<PlanVerb, Cell>> = {
  proposed: {
    apply: ["ok", "applying"],
    pause: ["PLAN_STATE", "proposed"],
    resume: ["PLAN_STATE", "proposed"],
    cancel: ["ok", "cancelled"],
    undo: ["PLAN_STATE", "proposed"],
  },
  applying: {
    // Asked twice: the first one did it.
    apply: ["ok", "applying"],
    pause: ["ok", "paused"],
    resume: ["ok", "applying"],
    cancel: ["ok", "cancelled"],
    undo: ["PLAN_STATE", "applying"],
  },
  paused: {
    apply: ["PLAN_STATE", "paused"],
    pause: ["ok", "paused"],
    resume: ["ok", "applying"],
    cancel: ["ok", "cancelled"],
    undo: ["PLAN_STATE", "paused"],
  },
  done: {
    apply: ["ok", "done"],
    pause: ["PLAN_STATE", "done"],
    resume: ["PLAN_STATE", "done"],
    cancel: ["PLAN_STATE", "done"],
    undo: ["ok", "done"],
  },
  cancelled: {
    apply: ["PLAN_STATE", "cancelled"],
    pause: ["PLAN_STATE", "cancelled"],
    resume: ["PLAN_STATE", "cancelled"],
    cancel: ["ok", "cancelled"],
    undo: ["ok", "cancelled"],
  },
  stale: {
    apply: ["PLAN_STATE", "stale"],
    pause: ["PLAN_STATE", "stale"],
    resume: ["PLAN_STATE", "stale"],
    cancel: ["PLAN_STATE", "stale"],
    undo: ["PLAN_STATE", "stale"],
  },
  failed: {
    apply: ["PLAN_STATE", "failed"],
    pause: ["PLAN_STATE", "failed"],
    resume: ["PLAN_STATE", "failed"],
    cancel: ["PLAN_STATE", "failed"],
    undo: ["ok", "failed"],
  },
};

describe("a plan", () => {
  for (const [state, cells] of Object.entries(table) as [PlanState, Record<PlanVerb, Cell>][]) {
    for (const [verb, [answer, next]] of Object.entries(cells) as [PlanVerb, Cell][]) {
      it(`${state} + ${verb} -> ${answer}, ${next}`, () => {
        const { scene, planId } = planIn(state);
        expect(scene.plan(planId).state).toBe(state);
        expect(answerName(scene.controls(planId, verb))).toBe(answer);
        expect(scene.plan(planId).state).toBe(next);
      });
    }
  }

  it("is proposed, not applied: nothing moves, and the spread says what it would do", () => {
    const scene = CoordinatorScene.settled(["a"], { rebalance: "manual" });
    scene.joins("b");
    const planId = scene.proposes({ kind: "rebalance" });
    const plan = scene.plan(planId);
    expect(plan).toMatchObject({ state: "proposed", kind: "rebalance", by: "olga" });
    expect(plan).toMatchObject({ spreadBefore: 2, spreadAfter: 0 });
    expect(plan.moves).toHaveLength(2);
    for (const move of plan.moves)
      expect(move).toMatchObject({ from: lifeOf("a"), to: lifeOf("b") });
    scene.tick(60_000);
    expect(scene.owners()).toBe("a a a a");
  });

  it("answers with the log position that includes its effect", () => {
    const { scene, planId } = proposed();
    const answer = scene.controls(planId, "apply");
    expect(answer).toEqual({ ok: true, seq: scene.cluster.seq, planId });
    const entry = scene.log.find((e) => e.type === "handoff-began");
    expect(answer).toHaveProperty(
      "seq",
      expect.toSatisfy((seq: number) => seq >= (entry?.seq ?? 0)),
    );
  });

  it("of no moves is done when it is applied", () => {
    const scene = CoordinatorScene.settled(["a", "b"], { rebalance: "manual" });
    const planId = scene.proposes({ kind: "rebalance" });
    scene.applies(planId);
    expect(scene.plan(planId).state).toBe("done");
  });

  it("that is not there is unknown", () => {
    const { scene } = proposed();
    for (const verb of ["apply", "pause", "resume", "cancel", "undo"] as const) {
      expect(answerName(scene.controls("p-9", verb))).toBe("PLAN_UNKNOWN");
    }
  });

  it("keeps at most so many shards between homes, over all plans", () => {
    const scene = CoordinatorScene.settled(["a", "b"], {
      ...{ shards: 20, movesInFlight: 3, rebalance: "manual" },
    });
    const inFlight = () => {
      const rows = scene.cluster.shards.get(group) ?? [];
      return rows.filter((row) => row.state === "handing-off").length;
    };
    const first = scene.proposes({ kind: "drain", node: "a" });
    const second = scene.proposes({ kind: "move", moves: [{ group, shard: 1, to: "a" }] });
    scene.applies(first);
    scene.applies(second);
    expect(inFlight()).toBe(3);
    for (let shard = 0; shard < 20; shard += 1) {
      if (scene.row(shard).state === "handing-off") scene.releases(shard);
      expect(inFlight()).toBeLessThanOrEqual(3);
    }
    scene.settle();
    expect(scene.plan(first).state).toBe("done");
    expect(scene.plan(second).state).toBe("done");
  });

  it("is failed where every move failed, and done where one came through", () => {
    const { scene } = proposed();
    const planId = scene.proposes({
      kind: "move",
      moves: [
        { group, shard: 0, to: "b" },
        { group, shard: 3, to: "b" },
      ],
    });
    scene.applies(planId);
    scene.releases(0);
    scene.hosts(0);
    scene.tick(12_001);
    scene.tick();
    const plan = scene.plan(planId);
    expect(plan).toMatchObject({ state: "done", why: "1 of 2 moves failed" });
    expect(plan.progress.map((move) => move.state)).toEqual(["done", "failed"]);
    expect(plan.progress[1]?.why).toBe("not released within 12000 ms");
  });
});

describe("a stale plan", () => {
  const reasonAfter = (change: (scene: CoordinatorScene) => void): string => {
    const { scene, planId } = proposed();
    change(scene);
    const answer = scene.controls(planId, "apply");
    expect(answerName(answer)).toBe("PLAN_STALE");
    expect(scene.plan(planId).state).toBe("stale");
    return scene.plan(planId).why ?? "";
  };

  it("says what has changed", () => {
    const elsewhere = (scene: CoordinatorScene) => {
      scene.applies(scene.proposesMove(0, "c"));
      scene.releases(0);
      scene.hosts(0);
    };
    expect(reasonAfter(elsewhere)).toBe("Shard default/0 is not on a any more.");
    const thereAndBack = (scene: CoordinatorScene) => {
      scene.applies(scene.proposesMove(0, "c"));
      scene.tick(12_001);
    };
    expect(reasonAfter(thereAndBack)).toBe("Shard default/0 is at epoch 2, the plan saw 1.");
    expect(reasonAfter((scene) => scene.loses("b"))).toBe(
      "Node b is not the one that the plan saw.",
    );
    expect(reasonAfter((scene) => scene.joins("b-2"))).toBe(
      "Node b is not the one that the plan saw.",
    );
    const drains = (scene: CoordinatorScene) =>
      scene.asks({ tag: "drain", by: "olga", nodeId: "b" });
    expect(reasonAfter(drains)).toMatch(/^Node b is drain(ing|ed)\.$/);
  });

  it("is stale by what it names only: another shard's move does not matter", () => {
    const { scene, planId } = proposed();
    scene.applies(scene.proposesMove(5, "b"));
    scene.releases(5);
    scene.hosts(5);
    scene.joins("d");
    expect(answerName(scene.controls(planId, "apply"))).toBe("ok");
  });

  it("leaves out moves that became pointless while it was applied", () => {
    const scene = CoordinatorScene.settled(["a", "b", "c"], {
      ...{ shards: 6, rebalance: "manual", movesInFlight: 1 },
    });
    const planId = scene.proposes({ kind: "drain", node: "a" });
    scene.applies(planId);
    scene.loses("c");
    scene.settle();
    const plan = scene.plan(planId);
    expect(plan.state).toBe("done");
    const skipped = plan.progress.filter((move) => move.state === "skipped");
    expect(skipped).toEqual([{ state: "skipped", why: "c is not up", epoch: null }]);
  });
});

describe("a paused plan", () => {
  it("finishes what is in flight and starts nothing", () => {
    const scene = CoordinatorScene.settled(["a", "b"], {
      ...{ shards: 8, rebalance: "manual", movesInFlight: 2 },
    });
    const planId = scene.proposes({ kind: "drain", node: "a" });
    scene.applies(planId);
    scene.controls(planId, "pause");
    scene.settle();
    expect(scene.plan(planId)).toMatchObject({ state: "paused" });
    const states = () => scene.plan(planId).progress.map((move) => move.state);
    expect(states()).toEqual(["done", "done", "pending", "pending"]);
    scene.controls(planId, "resume");
    scene.settle();
    expect(states()).toEqual(["done", "done", "done", "done"]);
    expect(scene.plan(planId).state).toBe("done");
  });
});

describe("a cancelled plan", () => {
  it("finishes what is in flight, and says that it was done", () => {
    const { scene, planId } = proposed();
    scene.applies(planId);
    scene.controls(planId, "cancel");
    scene.releases(0);
    scene.hosts(0);
    expect(scene.plan(planId)).toMatchObject({ state: "cancelled", progress: [{ state: "done" }] });
    expect(scene.ownerOf(0)).toBe("b");
  });

  it("notes a move that fails after the cancellation", () => {
    const { scene, planId } = proposed();
    scene.applies(planId);
    scene.controls(planId, "cancel");
    scene.tick(12_001);
    expect(scene.plan(planId)).toMatchObject({
      state: "cancelled",
      progress: [{ state: "failed" }],
    });
  });

  it("can be undone for what it had moved", () => {
    const { scene, planId } = proposed();
    scene.applies(planId);
    scene.controls(planId, "cancel");
    scene.releases(0);
    scene.hosts(0);
    const answer = scene.controls(planId, "undo");
    scene.applies((answer as { planId: string }).planId);
    scene.settle();
    expect(scene.ownerOf(0)).toBe("a");
  });
});

describe("an undo", () => {
  it("is a plan of its own that takes the shards back", () => {
    const { scene, planId } = planIn("done");
    const answer = scene.controls(planId, "undo");
    if (!answer.ok || answer.planId === null) throw new Error("refused");
    const undo = scene.plan(answer.planId);
    expect(undo).toMatchObject({ kind: "undo", undoes: planId, state: "proposed", by: "olga" });
    expect(undo.moves).toMatchObject([{ shard: 0, from: lifeOf("b"), to: lifeOf("a") }]);
    scene.applies(answer.planId);
    scene.settle();
    expect(scene.ownerOf(0)).toBe("a");
  });

  it("moves only shards that still have the plan's epoch", () => {
    const { scene, planId } = planIn("done");
    scene.applies(scene.proposesMove(0, "c"));
    scene.releases(0);
    scene.hosts(0);
    scene.applies(scene.proposesMove(0, "b"));
    scene.releases(0);
    scene.hosts(0);
    // It is on b again, where the plan had put it, but by somebody else's word.
    expect(scene.ownerOf(0)).toBe("b");
    const answer = scene.controls(planId, "undo");
    expect(scene.plan((answer as { planId: string }).planId).moves).toEqual([]);
  });

  it("takes shards back to the node's present life, and leaves them where it is not up", () => {
    const { scene, planId } = planIn("done");
    scene.joins("a-2");
    const undone = () => {
      const answer = scene.controls(planId, "undo");
      return scene.plan((answer as { planId: string }).planId).moves;
    };
    expect(undone()).toMatchObject([{ shard: 0, to: lifeOf("a-2") }]);
    scene.asks({ tag: "drain", by: "olga", nodeId: "a" });
    expect(undone()).toEqual([]);
  });
});

describe("a move", () => {
  it("names shards and nodes that are there, each shard once, to another node", () => {
    const { scene } = proposed();
    scene.applies(scene.proposesMove(3, "b"));
    scene.loses("c");
    const ask = (...moves: { group: string; shard: number; to: string }[]) =>
      answerName(scene.asks({ tag: "plan", by: "olga", request: { kind: "move", moves } }));
    expect(ask()).toBe("MOVE_INVALID");
    expect(ask({ group, shard: 99, to: "b" })).toBe("SHARD_UNKNOWN");
    expect(ask({ group: "none", shard: 0, to: "b" })).toBe("SHARD_UNKNOWN");
    expect(ask({ group, shard: 0, to: "x" })).toBe("NODE_UNKNOWN");
    expect(ask({ group, shard: 0, to: "c" })).toBe("NODE_NOT_UP");
    expect(ask({ group, shard: 0, to: "a" })).toBe("MOVE_INVALID");
    expect(ask({ group, shard: 3, to: "b" })).toBe("MOVE_INVALID");
    expect(ask({ group, shard: 0, to: "b" }, { group, shard: 0, to: "b" })).toBe("MOVE_INVALID");
  });
});
