import type { AllocationStrategy, Candidate } from "../allocation.ts";
import {
  ClusterDraft,
  type ClusterState,
  canServe,
  isProxy,
  type NodeRow,
  shardsAtWork,
} from "../cluster.ts";
import { type Epoch, type NodeId, type NodeRef, type ShardRef, sameNode } from "../ids.ts";
import type { AssignCause, CarriedState, ClusterEvent, DeathProof, PlanProposal } from "../log.ts";
import type { AdminAnswer, FromCoordinator, ToCoordinator } from "../messages.ts";
import { areApart, type Renewing } from "../reach.ts";
import { strategyOf } from "../strategies.ts";
import { Balance, type BalanceState } from "./balance.ts";
import type { CoordinatorOptions } from "./options.ts";
import { lowestEpoch, type Rebuild } from "./rebuild.ts";
import { type OpenWork, WorkDraft } from "./work.ts";

export interface CoordinatorState {
  readonly cluster: ClusterState;
  readonly options: CoordinatorOptions;
  readonly electedAtMs: number;
  /** The first allocation of a cold cluster waits for nodes that are on their way. */
  readonly settling: boolean;
  /** What was claimed so far, while the map is being rebuilt. */
  readonly rebuild: Rebuild | null;
  readonly alive: readonly NodeRef[];
  /** Whom the nodes that renew cannot reach. */
  readonly renewing: readonly Renewing[];
  readonly work: OpenWork;
  /** Something changed that may have unbalanced the cluster. */
  readonly rebalanceDue: boolean;
  /** There may be shards without a home that a node could take. */
  readonly allocationDue: boolean;
  /** What shards cost, as their homes say. */
  readonly balance: BalanceState;
  /** Plans that were only looked at, the latest last. They may be forgotten: whoever looked looks again. */
  readonly previews: readonly PlanProposal[];
  readonly nextId: number;
}

export interface Death extends NodeRef {
  readonly renewals: number;
  readonly proof: DeathProof;
}

export interface Outgoing {
  readonly to: NodeRef;
  readonly message: FromCoordinator;
}

export interface TurnResult {
  /** To adopt once the commit has succeeded. */
  readonly state: CoordinatorState;
  readonly events: readonly ClusterEvent[];
  readonly deaths: readonly Death[];
  /** To send once the commit has succeeded, in order. */
  readonly messages: readonly Outgoing[];
  /** What was said by a life that may not say it, and therefore changed nothing. */
  readonly unauthorized: readonly Unauthorized[];
}

export interface Unauthorized {
  readonly from: NodeRef;
  readonly tag: ToCoordinator["tag"];
}

/**
 * One turn of the coordinator: a draft of the state, and what it wants written and sent.
 *
 * `emit` is the only way to change the cluster: what is decided is what is logged.
 */
export class Turn {
  readonly cluster: ClusterDraft;
  readonly work: WorkDraft;
  readonly balance: Balance;
  readonly nowMs: number;
  readonly options: CoordinatorOptions;
  alive: readonly NodeRef[];
  renewing: readonly Renewing[];
  settling: boolean;
  rebuild: Rebuild | null;
  rebalanceDue: boolean;
  allocationDue: boolean;
  previews: readonly PlanProposal[];
  readonly #before: CoordinatorState;
  readonly #events: ClusterEvent[] = [];
  readonly #deaths: Death[] = [];
  readonly #messages: (() => Outgoing)[] = [];
  readonly #unauthorized: Unauthorized[] = [];
  #counts: Map<string, number> | null = null;
  #nextId: number;

  constructor(state: CoordinatorState, nowMs: number) {
    this.#before = state;
    this.cluster = new ClusterDraft(state.cluster);
    this.work = new WorkDraft(state.work);
    this.nowMs = nowMs;
    this.balance = new Balance(state.balance, this.cluster, nowMs);
    this.options = state.options;
    this.alive = state.alive;
    this.renewing = state.renewing;
    this.settling = state.settling;
    this.rebuild = state.rebuild;
    this.rebalanceDue = state.rebalanceDue;
    this.allocationDue = state.allocationDue;
    this.previews = state.previews;
    this.#nextId = state.nextId;
  }

  get electedAtMs(): number {
    return this.#before.electedAtMs;
  }

  emit(event: ClusterEvent): void {
    this.cluster.apply(event, this.cluster.term);
    this.#events.push(event);
  }

  /** The only door to a new home: one epoch up, whatever the cause (S2). */
  assign(
    ref: ShardRef,
    to: NodeRef,
    cause: AssignCause,
    carried: CarriedState | null,
    atLeast: Epoch = 1,
  ): Epoch {
    const epoch = Math.max(this.cluster.row(ref).epoch + 1, atLeast, lowestEpoch(this));
    const { nodeId, incarnation } = to;
    const { group, shard } = ref;
    this.emit({ type: "shard-assigned", group, shard, nodeId, incarnation, epoch, cause, carried });
    this.#counts?.set(incarnation, (this.#counts.get(incarnation) ?? 0) + 1);
    this.balance.assigned(ref, cause);
    this.track(ref);
    return epoch;
  }

  track(ref: ShardRef): void {
    this.work.track(ref, this.cluster.row(ref), this.nowMs);
  }

  declareDead(node: NodeRef, proof: DeathProof, renewals: number): void {
    const { nodeId, incarnation } = node;
    this.emit({ type: "node-dead", nodeId, incarnation, proof });
    this.#deaths.push({ nodeId, incarnation, proof, renewals });
  }

  send(to: NodeRef, message: FromCoordinator): void {
    this.#messages.push(() => ({ to, message }));
  }

  /** The answer carries the seq after the whole turn, which includes the command's effect. */
  answer(to: NodeRef, requestId: string, answer: AdminAnswer): void {
    this.#messages.push(() => {
      const full = answer.ok ? { ...answer, seq: this.cluster.seq } : answer;
      return { to, message: { tag: "admin-answer", requestId, answer: full } };
    });
  }

  /** Drops what only another life may say: nothing is believed about anybody but its sender. */
  unauthorized(from: NodeRef, tag: ToCoordinator["tag"]): void {
    this.#unauthorized.push({ from, tag });
  }

  /** Unique in this cluster's history: a term is held once, and counts its own ids. */
  id(prefix: string): string {
    const id = `${prefix}-${this.cluster.term}-${this.#nextId}`;
    this.#nextId += 1;
    return id;
  }

  member(node: NodeRef): NodeRow | null {
    const row = this.cluster.nodes.get(node.nodeId);
    return row !== undefined && sameNode(row, node) && row.state !== "dead" ? row : null;
  }

  isMember(node: NodeRef): boolean {
    return this.member(node) !== null;
  }

  /** A node that can be asked for the frozen copy that it keeps. */
  keepsState(node: NodeRef): boolean {
    const state = this.member(node)?.state;
    return state !== undefined && state !== "evicted";
  }

  /** A link that has healed may be the way of moves that were not made without it. */
  hearReach(renewing: readonly Renewing[]): void {
    const before = this.renewing;
    this.renewing = renewing;
    const isHealed = before.some((node) =>
      node.unreached.some((life) => !missedLives(renewing, node).includes(life)),
    );
    if (isHealed) this.rebalanceDue = true;
  }

  areApart(a: NodeRef, b: NodeRef): boolean {
    return areApart(this.renewing, a, b);
  }

  /** A node that may be given shards. */
  isCandidate(row: NodeRow): boolean {
    return row.state === "up" && !row.cordoned && !isProxy(row);
  }

  candidates(group: string, except?: NodeId): readonly Candidate[] {
    const rows = [...this.cluster.nodes.values()];
    const fitting = rows.filter(
      (row) => this.isCandidate(row) && canServe(row, group) && row.nodeId !== except,
    );
    const own = new Map<string, number>();
    this.#count(group, own);
    const all = this.counts();
    const loads = this.balance.loadsIn(group);
    return fitting.map(({ nodeId, incarnation, weight }) => {
      const shards = own.get(incarnation) ?? 0;
      const elsewhere = (all.get(incarnation) ?? 0) - shards;
      const load = loads.get(incarnation);
      const known = load === undefined ? {} : { load };
      return { node: { nodeId, incarnation }, weight, shards, elsewhere, ...known };
    });
  }

  /**
   * Shards of all groups per incarnation. Counted once a turn, and what is assigned since is added: a thousand
   * daemons with one worker each would otherwise count each other a thousand times.
   */
  counts(): ReadonlyMap<string, number> {
    if (this.#counts !== null) return this.#counts;
    const counts = new Map<string, number>();
    for (const group of this.cluster.groups.keys()) this.#count(group, counts);
    this.#counts = counts;
    return counts;
  }

  /** A shard on its way counts where it is going; one that a daemon does not need, nowhere. */
  #count(group: string, counts: Map<string, number>): void {
    const spec = this.cluster.groups.get(group);
    if (spec === undefined) return;
    const atWork = shardsAtWork(spec);
    for (const [shard, row] of (this.cluster.shards.get(group) ?? []).entries()) {
      if (shard >= atWork || row.state === "unallocated") continue;
      const holder = row.state === "handing-off" ? row.handoff.to : row.owner;
      counts.set(holder.incarnation, (counts.get(holder.incarnation) ?? 0) + 1);
    }
  }

  strategy(group: string): AllocationStrategy {
    return strategyOf(this.cluster.groups.get(group)?.strategy ?? "least-loaded");
  }

  finish(): TurnResult {
    const { electedAtMs, options } = this.#before;
    return {
      state: {
        cluster: this.#events.length === 0 ? this.#before.cluster : this.cluster.freeze(),
        options,
        electedAtMs,
        settling: this.settling,
        rebuild: this.rebuild,
        alive: this.alive,
        renewing: this.renewing,
        work: this.work.orders,
        rebalanceDue: this.rebalanceDue,
        allocationDue: this.allocationDue,
        balance: this.balance.state,
        previews: this.previews,
        nextId: this.#nextId,
      },
      events: this.#events,
      deaths: this.#deaths,
      messages: this.#messages.map((make) => make()),
      unauthorized: this.#unauthorized,
    };
  }
}

const missedLives = (renewing: readonly Renewing[], node: NodeRef): readonly string[] =>
  renewing.find((other) => sameNode(other, node))?.unreached ?? [];
