import { expect } from "vitest";
import {
  applyEntries,
  type ClusterState,
  emptyCluster,
  findShard,
  type PlanRow,
  type ShardRow,
} from "../core/cluster.ts";
import {
  type CoordinatorInput,
  type CoordinatorOptions,
  type CoordinatorState,
  defaultCoordinatorOptions,
  startCoordinator,
  type TurnResult,
  turnCoordinator,
} from "../core/coordinator.ts";
import { type NodeRef, sameNode } from "../core/ids.ts";
import {
  epochsRepeated,
  handoffsOverlapping,
  logBroken,
  rowsMalformed,
} from "../core/invariants.ts";
import type {
  ClusterEvent,
  GroupDeclaration,
  LogEntry,
  NodeInfo,
  StrategyName,
} from "../core/log.ts";
import type {
  AdminAnswer,
  AdminCommand,
  FromCoordinator,
  PlanRequest,
  PlanVerb,
  Released,
  ToCoordinator,
} from "../core/messages.ts";
import { deepFreeze } from "./deep-freeze.ts";

export const group = "default";

/** The life of a node that a scene means by a name: `a` is the first life of node a, `a-2` the second. */
export function lifeOf(name: string): NodeRef {
  const [nodeId, life = "1"] = name.split("-") as [string, string?];
  return { nodeId, incarnation: `${nodeId}-${life}` };
}

export const infoOf = (name: string, weight = 1): NodeInfo => ({
  ...lifeOf(name),
  ...{ address: `http://${name}`, zone: "", weight, labels: {} },
});

export interface SceneOptions extends Partial<CoordinatorOptions> {
  /** Of the group `default`. @default 4 */
  readonly shards?: number;
  readonly strategy?: StrategyName;
}

/**
 * A coordinator, and the regions as far as it hears of them. Each turn checks what must never happen, and
 * that the state it was given stays as it was.
 */
export class CoordinatorScene {
  nowMs = 0;
  state: CoordinatorState;
  /** The last turn. */
  turned: TurnResult;
  readonly log: LogEntry[] = [];
  readonly #groups: readonly GroupDeclaration[];
  readonly #options: CoordinatorOptions;
  #requests = 0;

  constructor({ shards = 4, strategy = "least-loaded", ...options }: SceneOptions = {}) {
    this.#groups = [{ group, shards, strategy }];
    this.#options = { ...defaultCoordinatorOptions, ...options };
    const self = lifeOf("a");
    const elected = { type: "coordinator-elected", ...self, seq: 1, at: "", term: 1 } as const;
    this.log.push(elected);
    const cluster = applyEntries(emptyCluster("h"), [elected]);
    this.state = startCoordinator(cluster, self, this.#options, this.nowMs);
    this.turned = { state: this.state, events: [], deaths: [], messages: [], unauthorized: [] };
  }

  /** These nodes have joined, every shard is hosted, nothing is under way; node a leads. */
  static settled(names: readonly string[], options: SceneOptions = {}): CoordinatorScene {
    const scene = new CoordinatorScene(options);
    for (const name of names) scene.joins(name);
    scene.tick(scene.#options.settleMaxMs);
    scene.hostAll();
    return scene;
  }

  get cluster(): ClusterState {
    return this.state.cluster;
  }

  turn(...inputs: CoordinatorInput[]): TurnResult {
    const before = deepFreeze(this.state);
    const turned = turnCoordinator(before, inputs, this.nowMs);
    const entries = entriesAfter(before.cluster, turned.events);
    // What is logged is what was decided (S7).
    expect(applyEntries(before.cluster, entries)).toEqual(turned.state.cluster);
    this.log.push(...entries);
    this.state = turned.state;
    this.turned = turned;
    expect(epochsRepeated(before.cluster, this.cluster)).toEqual([]);
    expect(rowsMalformed(this.cluster)).toEqual([]);
    expect(handoffsOverlapping(this.log)).toEqual([]);
    expect(logBroken(this.log)).toEqual([]);
    for (const { to, message } of turned.messages) {
      if (isOrder(message))
        expect(this.isMember(to), `${message.tag} to ${to.incarnation}`).toBe(true);
    }
    return turned;
  }

  tick(ms = 0): TurnResult {
    this.nowMs += ms;
    return this.turn({ tag: "tick" });
  }

  /** Until nothing happens any more; regions obey at once. */
  settle(): void {
    for (let round = 0; round < 1_000; round += 1) {
      this.tick(10);
      if (!this.#obey() && this.turned.events.length === 0) return;
    }
    throw new Error("The coordinator does not come to rest.");
  }

  says(name: string, message: ToCoordinator): TurnResult {
    return this.turn({ tag: "message", from: lifeOf(name), message });
  }

  joins(name: string, info: NodeInfo = infoOf(name), groups = this.#groups): TurnResult {
    return this.says(name, { tag: "register-region", node: info, groups });
  }

  /** A node's lease has ended. */
  loses(name: string, renewals = 7): TurnResult {
    return this.turn({ tag: "lease-ended", node: lifeOf(name), proof: "watched", renewals });
  }

  hosts(shard: number, epoch?: number, name?: string): TurnResult {
    const row = this.row(shard);
    const from = name ?? this.ownerOf(shard);
    const grant = { group, shard, epoch: epoch ?? row.epoch };
    return this.says(from, { tag: "shards-hosted", term: this.cluster.term, shards: [grant] });
  }

  /** The present home of the shard reports the release of the present handoff, with changes. */
  releases(shard: number, changes: Partial<Released> = {}, name?: string): TurnResult {
    const row = this.row(shard);
    const handoffId = row.state === "handing-off" ? row.handoff.id : "none";
    const from = name ?? this.ownerOf(shard);
    const released = {
      group,
      shard,
      epoch: row.epoch,
      handoffId,
      digest: "d",
      size: 9,
      ...changes,
    };
    return this.says(from, { tag: "shards-released", term: this.cluster.term, shards: [released] });
  }

  asks(command: AdminCommand): AdminAnswer {
    this.#requests += 1;
    const requestId = `r-${this.#requests}`;
    this.says("a", { tag: "admin", requestId, command });
    for (const { message } of this.turned.messages) {
      if (message.tag === "admin-answer" && message.requestId === requestId) return message.answer;
    }
    throw new Error("The coordinator did not answer.");
  }

  /** @returns the plan's id. */
  proposes(request: PlanRequest): string {
    const answer = this.asks({ tag: "plan", by: "olga", request });
    if (!answer.ok || answer.planId === null) throw new Error(`Refused: ${JSON.stringify(answer)}`);
    return answer.planId;
  }

  proposesMove(shard: number, to: string): string {
    return this.proposes({ kind: "move", moves: [{ group, shard, to }] });
  }

  controls(planId: string, verb: PlanVerb): AdminAnswer {
    return this.asks({ tag: "plan-control", by: "olga", planId, verb });
  }

  applies(planId: string): void {
    const answer = this.controls(planId, "apply");
    if (!answer.ok) throw new Error(`Refused: ${answer.why}`);
  }

  /** Another node (or a new life of the same) takes over, with nothing but the rows. */
  takeOver(name: string): void {
    const { cluster } = this;
    const life = lifeOf(name);
    const entry: LogEntry = {
      ...{ type: "coordinator-elected", ...life },
      ...{ seq: cluster.seq + 1, at: "", term: cluster.term + 1 },
    };
    this.log.push(entry);
    const loaded = applyEntries(cluster, [entry]);
    this.state = startCoordinator(loaded, life, this.#options, this.nowMs);
  }

  /** Every starting shard's home says that it serves. */
  hostAll(): void {
    this.#rows().forEach((row, shard) => {
      if (row.state === "starting") this.hosts(shard);
    });
  }

  row(shard: number): ShardRow {
    return findShard(this.cluster, { group, shard }) as ShardRow;
  }

  ownerOf(shard: number): string {
    const row = this.row(shard);
    if (row.state === "unallocated") throw new Error(`Shard ${shard} has no home.`);
    return nameOf(row.owner);
  }

  /** Homes by shard; `-` for none. */
  owners(): string {
    return this.#rows()
      .map((row) => (row.state === "unallocated" ? "-" : nameOf(row.owner)))
      .join(" ");
  }

  plan(planId: string): PlanRow {
    return this.cluster.plans.get(planId) as PlanRow;
  }

  plans(): readonly PlanRow[] {
    return [...this.cluster.plans.values()];
  }

  isMember(node: NodeRef): boolean {
    const row = this.cluster.nodes.get(node.nodeId);
    return row !== undefined && sameNode(row, node) && row.state !== "dead";
  }

  #rows(): readonly ShardRow[] {
    return this.cluster.shards.get(group) ?? [];
  }

  /** @returns whether there was anything to do. */
  #obey(): boolean {
    let isBusy = false;
    this.#rows().forEach((_row, shard) => {
      const { state } = this.row(shard);
      if (state === "starting") this.hosts(shard);
      if (state === "handing-off") this.releases(shard);
      if (state === "starting" || state === "handing-off") isBusy = true;
    });
    return isBusy;
  }
}

/** The name by which a scene means a life. */
export const nameOf = ({ nodeId, incarnation }: NodeRef): string =>
  incarnation === `${nodeId}-1` ? nodeId : incarnation;

/** The entries that a commit of these events makes. */
const entriesAfter = (state: ClusterState, events: readonly ClusterEvent[]): LogEntry[] =>
  events.map((event, i) => ({ ...event, seq: state.seq + 1 + i, at: "", term: state.term }));

const isOrder = (message: FromCoordinator): boolean =>
  message.tag === "host-shards" ||
  message.tag === "begin-handoffs" ||
  message.tag === "stop-shards";
