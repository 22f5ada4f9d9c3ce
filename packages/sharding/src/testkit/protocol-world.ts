import { expect } from "vitest";
import { applyEntries, emptyCluster, ownerOf } from "../core/cluster.ts";
import {
  type CoordinatorInput,
  type CoordinatorState,
  defaultCoordinatorOptions,
  startCoordinator,
  turnCoordinator,
} from "../core/coordinator.ts";
import { type NodeRef, sameNode } from "../core/ids.ts";
import { epochsRepeated, rowsMalformed, servedTwice, stateLost } from "../core/invariants.ts";
import type { LogEntry } from "../core/log.ts";
import type { AdminCommand, FromCoordinator, PlanVerb, ToCoordinator } from "../core/messages.ts";
import { unansweredReports } from "../core/region/unanswered.ts";
import {
  emptyRegion,
  type RegionEffect,
  type RegionInput,
  type RegionState,
  turnRegion,
} from "../core/region.ts";

/**
 * The coordinator and its regions over a network that loses, repeats and reorders, with nodes that die
 * and coordinators that are replaced at any moment. Time moves only by ticks. Each step is a function over
 * a world that changes in place; what must never happen is checked in `check`. One file, because the checks are
 * believed only beside the steps that they judge.
 */

/** Few, so that one shard meets many faults. */
export const shards = 2;

/** It only routes. */
const proxyId = "n4";

export interface World {
  nowMs: number;
  coordinator: CoordinatorState;
  log: LogEntry[];
  nodes: Map<string, Node>;
  wire: { to: NodeRef; from: NodeRef; message: ToCoordinator | FromCoordinator | Arrival }[];
  lives: number;
  /** Lives that nobody reaches, though messages still arrive: late, or by letter. */
  isolated: Set<string>;
}

interface Arrival {
  tag: "arrival";
  input: Extract<RegionInput, { tag: "arrived" | "taken" }>;
}

export interface Node {
  self: NodeRef;
  region: RegionState;
  /** How much of the log has reached it. */
  seq: number;
  /** Drains that the executor has not finished. */
  /** What its executor was told of handoffs, and has not answered. */
  leaving: Extract<RegionEffect, { tag: "copy" | "drain" }>[];
}

export function createWorld(): World {
  const cluster = emptyCluster("h");
  const self = { nodeId: "n0", incarnation: "n0-0" };
  const elected = { type: "coordinator-elected", ...self, seq: 1, at: "", term: 1 } as const;
  const state = applyEntries(cluster, [elected]);
  const world: World = {
    nowMs: 0,
    coordinator: startCoordinator(state, self, defaultCoordinatorOptions, 0),
    log: [elected],
    nodes: new Map(),
    wire: [],
    lives: 0,
    isolated: new Set(),
  };
  for (const nodeId of ["n0", "n1", "n2"]) join(world, nodeId);
  return world;
}

export function join(world: World, nodeId: string): void {
  if (world.nodes.has(nodeId)) return;
  const self = { nodeId, incarnation: `${nodeId}-${world.lives}` };
  world.lives += 1;
  world.nodes.set(nodeId, { self, region: emptyRegion(self), seq: 0, leaving: [] });
}

function decide(world: World, ...inputs: CoordinatorInput[]): void {
  const before = world.coordinator.cluster;
  const turn = turnCoordinator(world.coordinator, inputs, world.nowMs);
  const entries = turn.events.map((event, i) => ({
    ...event,
    seq: before.seq + 1 + i,
    at: "",
    term: before.term,
  }));
  // The fold of what is written is the state that the coordinator goes on with (S7).
  expect(applyEntries(before, entries)).toEqual(turn.state.cluster);
  world.coordinator = turn.state;
  world.log.push(...entries);
  const from = coordinatorOf(world);
  for (const { to, message } of turn.messages) world.wire.push({ to, from, message });
  expect(epochsRepeated(before, turn.state.cluster)).toEqual([]);
}

const coordinatorOf = (world: World): NodeRef => world.coordinator.cluster.coordinator as NodeRef;

function feed(world: World, node: Node, ...inputs: RegionInput[]): void {
  const turn = turnRegion(node.region, inputs);
  node.region = turn.state;
  const term = world.coordinator.cluster.term;
  for (const effect of turn.effects) {
    if (effect.tag === "copy" || effect.tag === "drain") node.leaving.push(effect);
    if (effect.tag === "transfer") {
      const { group, shard, epoch, handoffId, to } = effect;
      const input = { tag: "arrived", group, shard, epoch, handoffId } as const;
      world.wire.push({ to, from: node.self, message: { tag: "arrival", input } });
    }
    if (effect.tag !== "report") continue;
    const { tag, item } = effect.report;
    const field = tag.startsWith("handoffs") ? "handoffs" : "shards";
    const message = { tag, term, [field]: [item] } as unknown as ToCoordinator;
    world.wire.push({ to: coordinatorOf(world), from: node.self, message });
  }
}

export function deliver(world: World, index: number, keep: boolean): void {
  const [letter] = keep ? [world.wire[index]] : world.wire.splice(index, 1);
  if (letter === undefined) return;
  const { to, from, message } = letter;
  const node = world.nodes.get(to.nodeId);
  if (node === undefined || !sameNode(node.self, to)) return;
  switch (message.tag) {
    case "arrival":
      feed(world, node, message.input);
      if (message.input.tag === "arrived") {
        const input = { tag: "taken", handoffId: message.input.handoffId, from: to } as const;
        world.wire.push({ to: from, from: to, message: { tag: "arrival", input } });
      }
      return;
    case "host-shards":
      return feed(world, node, ...message.shards.map((order) => ({ tag: "host", order }) as const));
    case "begin-handoffs":
      return feed(
        world,
        node,
        ...message.handoffs.map((order) => ({ tag: "begin", order }) as const),
      );
    case "stop-shards":
      return feed(world, node, ...message.shards.map((grant) => ({ tag: "stop", grant }) as const));
    case "region-registered":
    case "region-refused":
    case "log":
    case "admin-answer":
      return;
    default:
      // A deposed coordinator is not asked any more.
      if (sameNode(to, coordinatorOf(world))) decide(world, { tag: "message", from, message });
  }
}

export function follow(world: World, node: Node, count: number): void {
  const entries = world.log.slice(node.seq, node.seq + count);
  node.seq += entries.length;
  feed(world, node, ...entries.map((entry) => ({ tag: "entry", entry }) as const));
}

export function die(world: World, nodeId: string): void {
  const node = world.nodes.get(nodeId);
  const next = hosts(world).find((other) => other !== node);
  if (node === undefined || next === undefined) return;
  world.nodes.delete(nodeId);
  if (sameNode(node.self, coordinatorOf(world))) elect(world, next);
  decide(world, { tag: "lease-ended", node: node.self, proof: "host", renewals: 0 });
}

const hosts = (world: World): readonly Node[] =>
  [...world.nodes.values()].filter(({ self }) => self.nodeId !== proxyId);

/** The new coordinator knows the rows and nothing else. */
export function elect(world: World, node: Node): void {
  if (node.self.nodeId === proxyId) return;
  const { cluster } = world.coordinator;
  const entry = {
    type: "coordinator-elected",
    ...node.self,
    seq: cluster.seq + 1,
    at: "",
    term: cluster.term + 1,
  } as const;
  world.log.push(entry);
  const state = applyEntries(cluster, [entry]);
  world.coordinator = startCoordinator(state, node.self, defaultCoordinatorOptions, world.nowMs);
  for (const { self, region } of world.nodes.values()) {
    const claims = [...region.held.values()].map(({ group, shard, epoch }) => ({
      group,
      shard,
      epoch,
    }));
    world.wire.push({
      to: node.self,
      from: self,
      message: { tag: "claim", term: entry.term, claims },
    });
  }
}

/** The next copy or capture of a node ends. */
export function finishLeaving(world: World, node: Node, fails: boolean, size: number): void {
  const told = node.leaving.shift();
  if (told === undefined) return;
  const { group, shard, epoch, handoffId } = told;
  const ref = { group, shard, epoch, handoffId };
  if (fails) feed(world, node, { tag: "capture-failed", ...ref, why: "planted" });
  else if (told.tag === "copy") feed(world, node, { tag: "copied", ...ref });
  else feed(world, node, { tag: "captured", ...ref, digest: size === 0 ? "" : "d", size });
}

export function tick(world: World, ms: number): void {
  world.nowMs += ms;
  for (const { self } of world.nodes.values()) {
    const row = world.coordinator.cluster.nodes.get(self.nodeId);
    if (row === undefined || !sameNode(row, self)) {
      const weight = self.nodeId === proxyId ? 0 : 1;
      const node = { ...self, address: "", zone: "", weight, labels: {} };
      const groups = [{ group: "default", shards, strategy: "least-loaded" }] as const;
      const message = { tag: "register-region", node, groups } as const;
      world.wire.push({ to: coordinatorOf(world), from: self, message });
    }
  }
  // What membership would conclude: a row whose life is over, also one that registered late.
  for (const { nodeId, incarnation, state } of world.coordinator.cluster.nodes.values()) {
    if (state === "dead" || world.nodes.get(nodeId)?.self.incarnation === incarnation) continue;
    decide(world, {
      tag: "lease-ended",
      node: { nodeId, incarnation },
      proof: "host",
      renewals: 0,
    });
  }
  hearReach(world);
  decide(world, { tag: "tick" });
}

/** By the word of all others: a majority where there are at least three. */
export function isolate(world: World, nodeId: string): void {
  const node = world.nodes.get(nodeId);
  if (node !== undefined) world.isolated.add(node.self.incarnation);
  hearReach(world);
}

export function reconnect(world: World): void {
  world.isolated.clear();
  hearReach(world);
}

function hearReach(world: World): void {
  const lives = [...world.nodes.values()].map(({ self }) => self);
  // A proxy's word does not count, and nobody asks for one about it.
  const renewing = hosts(world).map(({ self }) => ({
    ...self,
    unreached: [...world.isolated].filter((life) => life !== self.incarnation),
  }));
  decide(world, { tag: "leases", alive: lives, renewing });
}

/** What the log does not show as heard is said again. The node has followed the whole log. */
function sayAgain(world: World, node: Node): void {
  const { cluster } = world.coordinator;
  for (const { tag, item } of unansweredReports(node.region, cluster)) {
    const field = tag.startsWith("handoffs") ? "handoffs" : "shards";
    const message = { tag, term: cluster.term, [field]: [item] } as unknown as ToCoordinator;
    world.wire.push({ to: coordinatorOf(world), from: node.self, message });
  }
}

export function check(world: World): void {
  const regions = [...world.nodes.values()].map((node) => node.region);
  expect(servedTwice(regions)).toEqual([]);
  expect(rowsMalformed(world.coordinator.cluster)).toEqual([]);
  expect(stateLost(world.coordinator.cluster, regions)).toEqual([]);
}

/** Everything arrives, drains end, nobody dies: the cluster must come to rest with every shard served. */
export function settle(world: World, rounds: number): void {
  for (let round = 0; round < rounds; round += 1) {
    tick(world, 100);
    while (world.wire.length > 0) deliver(world, 0, false);
    for (const node of world.nodes.values()) {
      follow(world, node, Number.MAX_SAFE_INTEGER);
      while (node.leaving.length > 0) finishLeaving(world, node, false, 1);
      sayAgain(world, node);
    }
    check(world);
  }
}

/**
 * Most of what is on the wire arrives now. `late` says bit by bit which letters stay behind, `twice` which
 * of the others will arrive once more.
 */
export function rush(world: World, late: number, twice: number): void {
  const letters = world.wire.length;
  let index = 0;
  for (let i = 0; i < letters; i += 1) {
    const isLate = ((late >> (i % 30)) & 1) === 1;
    const isKept = ((twice >> (i % 30)) & 1) === 1;
    if (!isLate) deliver(world, index, isKept);
    if (isLate || isKept) index += 1;
  }
  for (const node of world.nodes.values()) {
    follow(world, node, Number.MAX_SAFE_INTEGER);
    finishLeaving(world, node, false, 1);
  }
}

export function unserved(world: World): readonly string[] {
  const { cluster } = world.coordinator;
  const rows = cluster.shards.get("default") ?? [];
  return rows.flatMap((row, shard) => {
    const owner = ownerOf(row);
    const node = owner === null ? undefined : world.nodes.get(owner.nodeId);
    const held = node?.region.held.get(`default/${shard}`);
    const isServed =
      row.state === "hosted" && held?.phase === "serving" && held.epoch === row.epoch;
    return isServed ? [] : [`L1: default/${shard} ${JSON.stringify(row)} ${JSON.stringify(held)}`];
  });
}

export function ask(world: World, command: AdminCommand): void {
  const from = coordinatorOf(world);
  decide(world, { tag: "message", from, message: { tag: "admin", requestId: "r", command } });
}

export function move(world: World, shard: number, to: string): void {
  ask(world, {
    tag: "plan",
    by: "t",
    request: { kind: "move", moves: [{ group: "default", shard, to }] },
  });
  const plan = [...world.coordinator.cluster.plans.values()].at(-1);
  if (plan?.state === "proposed")
    ask(world, { tag: "plan-control", by: "t", planId: plan.planId, verb: "apply" });
}

/** Says something about the latest plan, whatever state it is in. */
export function control(world: World, verb: PlanVerb): void {
  const plan = [...world.coordinator.cluster.plans.values()].at(-1);
  if (plan !== undefined) ask(world, { tag: "plan-control", by: "t", planId: plan.planId, verb });
}
