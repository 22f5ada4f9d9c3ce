import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  ask,
  check,
  control,
  createWorld,
  deliver,
  die,
  elect,
  finishLeaving,
  follow,
  isolate,
  join,
  move,
  reconnect,
  rush,
  settle,
  shards,
  tick,
  unserved,
  type World,
} from "../testkit/protocol-world.ts";
import { applyEntries, type ClusterState, emptyCluster } from "./cluster.ts";
import { handoffsOverlapping, logBroken } from "./invariants.ts";
import type { LogEntry } from "./log.ts";

/** n4 is a proxy. */
const node = fc.constantFrom("n0", "n1", "n2", "n3", "n4");
const at = fc.nat(200);
/** An eighth of the bits. */
const bits = fc.nat(2 ** 30 - 1);
const few = fc.tuple(bits, bits, bits).map(([a, b, c]) => a & b & c);

const choice = <D extends string, R>(
  weight: number,
  name: D,
  fields: { [K in keyof R]: fc.Arbitrary<R[K]> },
) => ({
  weight,
  arbitrary: fc.record(fields).map((record) => ({ ...record, do: name })),
});

/** Weights that let most moves come through, and let each meet a few faults on its way. */
const action = fc.oneof(
  choice(6, "deliver", { at, keep: fc.boolean() }),
  choice(2, "lose", { at }),
  choice(10, "rush", { late: few, twice: few }),
  choice(5, "follow", { node, count: fc.nat(9) }),
  choice(6, "drained", { node, fails: fc.nat(3).map((n) => n === 0), size: fc.nat(1) }),
  choice(5, "tick", { ms: fc.constantFrom(10, 100, 100, 300, 400, 13_000) }),
  choice(1, "die", { node }),
  choice(2, "join", { node }),
  choice(3, "elect", { node }),
  choice(6, "move", { shard: fc.nat(shards - 1), to: node }),
  choice(1, "control", { verb: fc.constantFrom("pause", "resume", "cancel", "undo", "apply") }),
  choice(1, "drain", { node }),
  choice(1, "uncordon", { node }),
  choice(1, "isolate", { node }),
  choice(1, "reconnect", {}),
);
type Action = typeof action extends fc.Arbitrary<infer A> ? A : never;

function act(world: World, step: Action): void {
  const letter = "at" in step ? step.at % Math.max(1, world.wire.length) : 0;
  switch (step.do) {
    case "deliver":
      return deliver(world, letter, step.keep);
    case "lose":
      world.wire.splice(letter, 1);
      return;
    case "rush":
      return rush(world, step.late, step.twice);
    case "tick":
      return tick(world, step.ms);
    case "move":
      return move(world, step.shard, step.to);
    case "control":
      return control(world, step.verb);
    case "join":
      return join(world, step.node);
    case "die":
      return die(world, step.node);
    case "isolate":
      return isolate(world, step.node);
    case "reconnect":
      return reconnect(world);
    case "drain":
    case "uncordon":
      return ask(world, { tag: step.do, by: "t", nodeId: step.node });
    case "follow":
    case "elect":
    case "drained":
      return actOn(world, step);
    default:
      step satisfies never;
  }
}

function actOn(world: World, step: Extract<Action, { do: "follow" | "elect" | "drained" }>): void {
  const found = world.nodes.get(step.node);
  if (found === undefined) return;
  if (step.do === "follow") follow(world, found, step.count);
  else if (step.do === "elect") elect(world, found);
  else finishLeaving(world, found, step.fails, step.size);
}

function run(steps: readonly Action[]): World {
  const world = createWorld();
  settle(world, 12);
  for (const step of steps) {
    act(world, step);
    check(world);
  }
  reconnect(world);
  for (const nodeId of world.nodes.keys()) ask(world, { tag: "uncordon", by: "t", nodeId });
  // A plan that an operator paused stays paused, and the cluster is right to wait for it.
  control(world, "cancel");
  return world;
}

const replay = (log: readonly LogEntry[]): ClusterState => applyEntries(emptyCluster("h"), log);

describe("coordinator and regions", () => {
  const { PROTOCOL_RUNS } = process.env;
  const runs = Number(PROTOCOL_RUNS ?? 250);
  const history = fc.array(action, { minLength: 60, maxLength: 160, size: "max" });

  test(
    "no history serves a shard twice, repeats an epoch or leaves a shard behind (S1, S2, S6, S7, L1, L4)",
    () => {
      fc.assert(
        fc.property(history, (steps) => {
          const world = run(steps);
          settle(world, 200);
          expect(unserved(world)).toEqual([]);
          expect(logBroken(world.log)).toEqual([]);
          expect(handoffsOverlapping(world.log)).toEqual([]);
          const { seq } = world.coordinator.cluster;
          for (let i = 0; i < 20; i += 1) tick(world, 1_000);
          expect(world.coordinator.cluster.seq).toBe(seq);
          expect(replay(world.log)).toEqual(world.coordinator.cluster);
        }),
        { numRuns: runs },
      );
    },
    Math.max(60_000, runs * 200),
  );
});
