import type { ShardBelief } from "../core/belief.ts";
import { type ClusterState, findShard } from "../core/cluster.ts";
import type { ClaimMessage } from "../core/coordinator/rebuild.ts";
import { type NodeRef, type ShardRef, sameNode, shardKey } from "../core/ids.ts";
import type { LogEntry } from "../core/log.ts";
import type {
  FromCoordinator,
  HandoffRef,
  ShardGrant,
  StateMessage,
  ToCoordinator,
  WarmState,
} from "../core/messages.ts";
import { ordersFrom } from "../core/region/orders-from-rows.ts";
import { unansweredReports } from "../core/region/unanswered.ts";
import {
  emptyRegion,
  type RegionEffect,
  type RegionInput,
  type RegionReport,
  type RegionState,
  turnRegion,
} from "../core/region.ts";
import type { LogFn } from "../node-api.ts";
import type { Clock } from "../ports/clock.ts";
import type { Transport } from "../ports/transport.ts";
import type { FromExecutor, ToExecutor } from "./entities/executor-messages.ts";
import { gatherReports } from "./gather-reports.ts";
import type { Grant } from "./grant.ts";
import { beliefChanges, beliefOf, type Serving } from "./serving.ts";
import { StateTransfer, type TransferStats } from "./state-transfer.ts";
import { WarmStates } from "./warm-states.ts";

export interface RegionServiceOptions {
  readonly transport: Transport;
  readonly executor: { post(message: ToExecutor): void };
  readonly serving: Serving;
  readonly clock: Clock;
  readonly handoffTimeoutMs: number;
  readonly log: LogFn;
  /** Where this node's copy of the log stands. */
  readonly cluster: () => ClusterState;
}

export interface RegionServiceEvents {
  /** To the coordinator, wherever it is; what gets lost is asked for again. */
  report(message: ToCoordinator): void;
  /** These shards are held differently now. */
  changed(changed: readonly ShardBelief[], gone: readonly ShardRef[]): void;
}

/**
 * The async half of a region: feeds it and carries out its effects, in order.
 *
 * One life at a time: `begin` and `end` bracket a grant, and what arrives for another life finds
 * nothing here. Over 300 lines, because each effect is right only beside the input that answers it.
 */
export class RegionService {
  readonly #options: RegionServiceOptions;
  readonly #events: RegionServiceEvents;
  readonly #transfer: StateTransfer;
  readonly #warm: WarmStates;
  #state: RegionState | null = null;
  #waiting: RegionInput[] = [];
  #isStepping = false;
  handoffsOut = 0;
  handoffsIn = 0;

  constructor(options: RegionServiceOptions, events: RegionServiceEvents) {
    this.#options = options;
    this.#events = events;
    this.#warm = new WarmStates(options.transport, options.clock);
    this.#transfer = new StateTransfer(options.transport, options.clock, {
      carry: ({ group, shard, handoffId }, bytes, received) =>
        options.executor.post({ tag: "carry", group, shard, handoffId, bytes, received }),
      discard: (handoffId) => options.executor.post({ tag: "forget", handoffId }),
      arrived: (ref) => this.#push({ tag: "arrived", ...ref }),
      progressed: (ref) => this.#progressed(ref),
      caughtUp: (ref) => options.executor.post({ tag: "copy", ...ref }),
      taken: (handoffId, from) => this.#push({ tag: "taken", handoffId, from }),
      bad: (why) => options.log("warn", "carried state was refused", { why }),
    });
  }

  begin(grant: Grant): void {
    this.#state = emptyRegion(grant.holder);
    this.#options.serving.begin(grant);
    this.reload(this.#options.cluster());
  }

  /** Synchronous: when it returns nothing is served and every activation is being dropped. */
  end(): void {
    const state = this.#state;
    this.#state = null;
    this.#waiting = [];
    this.#options.serving.clear();
    this.#transfer.clear();
    this.#warm.clear();
    if (state === null) return;
    for (const { group, shard, epoch } of state.held.values()) {
      this.#options.executor.post({ tag: "drop", group, shard, epoch });
    }
    this.#events.changed(
      [],
      [...state.held.values()].map(({ group, shard }) => ({ group, shard })),
    );
  }

  holdsNothing(): boolean {
    return (this.#state?.held.size ?? 0) === 0;
  }

  /** `draining` and frozen shards are held, and take no new requests. */
  phaseOf(ref: ShardRef): "serving" | "draining" | "frozen" | null {
    const phase = this.#state?.held.get(shardKey(ref))?.phase ?? null;
    if (phase === "copying") return "serving";
    return phase === "sending" ? "frozen" : phase;
  }

  transferStats(): TransferStats {
    return this.#transfer.stats();
  }

  beliefs(): readonly ShardBelief[] {
    const held = this.#state?.held.values() ?? [];
    const isAlive = this.#options.serving.isAlive();
    return [...held].map((shard) => beliefOf(shard, isAlive, this.#transfer));
  }

  #progressed(ref: HandoffRef): void {
    const held = this.#state?.held.get(shardKey(ref));
    if (held !== undefined) this.#events.changed([beliefOf(held, true, this.#transfer)], []);
  }

  claims(): ClaimMessage | null {
    if (this.#state === null) return null;
    const held = [...this.#state.held.values()];
    const claims = held.map(({ group, shard, epoch }) => ({ group, shard, epoch }));
    return { tag: "claim", term: this.#term(), claims };
  }

  /** What was reported, or would be, and the log does not show as heard. */
  unanswered(): readonly RegionReport[] {
    return this.#state === null ? [] : unansweredReports(this.#state, this.#options.cluster());
  }

  follow(entries: readonly LogEntry[]): void {
    for (const entry of entries) this.#waiting.push({ tag: "entry", entry });
    this.#step();
    this.#transfer.forgetParts((ref) => this.#isBehind(ref));
  }

  /** The log's copy was replaced: the rows say what the entries in between would have said. */
  reload(cluster: ClusterState): void {
    const state = this.#state;
    if (state === null) return;
    this.#waiting.push(...ordersFrom(cluster, state));
    this.#step();
    this.#transfer.forgetParts((ref) => this.#isBehind(ref));
  }

  /** The shard was assigned anew since: the source's death, or the end of a handoff that was given up. */
  #isBehind(grant: ShardGrant): boolean {
    return (findShard(this.#options.cluster(), grant)?.epoch ?? 0) > grant.epoch;
  }

  /** The caller has checked that `message` comes from the node that holds the term. */
  receive(message: FromCoordinator): void {
    switch (message.tag) {
      case "host-shards":
        for (const order of message.shards) this.#waiting.push({ tag: "host", order });
        return this.#step();
      case "begin-handoffs":
        for (const order of message.handoffs) this.#waiting.push({ tag: "begin", order });
        return this.#step();
      case "stop-shards":
        for (const grant of message.shards) this.#waiting.push({ tag: "stop", grant });
        return this.#step();
      default:
        return;
    }
  }

  /** @returns false where another node is the handoff's source or target. */
  receiveState(from: NodeRef, message: StateMessage): boolean {
    if (this.#state === null) return true;
    if (message.tag === "warm-state") return this.#receiveWarm(from, message, this.#state.self);
    if (message.tag === "state-taken") return this.#transfer.receiveTaken(from, message);
    const row = findShard(this.#options.cluster(), message);
    // Where the log does not show the handoff yet, its first sender is bound to it (state-transfer.ts).
    const isOfRow = row?.state === "handing-off" && row.handoff.id === message.handoffId;
    if (isOfRow && !sameNode(row.owner, from)) return false;
    if (this.#isBehind(message)) return true;
    return this.#transfer.receiveChunk(from, message);
  }

  /**
   * Believed from the node that hands the shard over to this one, as the log says. What comes before the log says
   * so is not missed: the journal has it.
   */
  #receiveWarm(from: NodeRef, message: WarmState, self: NodeRef): boolean {
    const row = findShard(this.#options.cluster(), message);
    if (row?.state !== "handing-off" || row.epoch !== message.epoch) return true;
    if (!sameNode(row.owner, from)) return false;
    if (sameNode(row.handoff.to, self)) this.#warm.receive(message);
    return true;
  }

  peerUp(peer: NodeRef): void {
    this.#transfer.resume(peer);
  }

  fromExecutor(message: FromExecutor): void {
    switch (message.tag) {
      case "copied":
        return this.#copied(message);
      case "captured":
        return this.#captured(message);
      case "capture-failed":
        if (this.#targetOf(message, "copying", "draining") !== null) {
          const { why } = message;
          this.#options.log("warn", "a handoff failed", { shard: shardKey(message), why });
        }
        return this.#push(message);
      case "gave-up": {
        const { group, shard, epoch, why } = message;
        return this.#push({ tag: "give-up", group, shard, epoch, why });
      }
      case "carried":
        return this.#transfer.restored(message.handoffId, message.received);
      case "carry-failed":
        return this.#transfer.unreadable(message.handoffId, message.why);
      default:
    }
  }

  /** A piece of what a shard holds while it serves on; no piece: all of it has been copied once. */
  #copied(message: Extract<FromExecutor, { tag: "copied" }>): void {
    const { group, shard, epoch, handoffId, chunks } = message;
    const ref = { group, shard, epoch, handoffId };
    const to = this.#targetOf(message, "copying");
    if (chunks.length === 0) this.#push({ tag: "copied", ...ref });
    else if (to !== null) this.#transfer.sendAhead(ref, to, chunks);
  }

  #captured(message: Extract<FromExecutor, { tag: "captured" }>): void {
    const { group, shard, epoch, handoffId, warm } = message;
    const to = this.#targetOf(message, "draining");
    if (to !== null) {
      // Before anybody hears of the release: a slot that outlived it would serve beside the target.
      this.#options.serving.close(message);
      this.#warm.send(message, epoch, to, warm);
    }
    const state = this.#transfer.keep(handoffId, message.state);
    this.#push({ tag: "captured", group, shard, epoch, handoffId, ...state });
  }

  /** The target of this handoff; null where the shard is in none of these phases of it. */
  #targetOf(
    ref: Pick<HandoffRef, "group" | "shard" | "handoffId">,
    ...phases: readonly ("copying" | "draining")[]
  ): NodeRef | null {
    const held = this.#state?.held.get(shardKey(ref));
    if (held?.phase !== "copying" && held?.phase !== "draining") return null;
    return phases.includes(held.phase) && held.handoffId === ref.handoffId ? held.to : null;
  }

  #term(): number {
    return this.#options.cluster().term;
  }

  #push(input: RegionInput): void {
    this.#waiting.push(input);
    this.#step();
  }

  #step(): void {
    if (this.#isStepping) return;
    this.#isStepping = true;
    try {
      while (this.#waiting.length > 0 && this.#state !== null) {
        const inputs = this.#waiting;
        this.#waiting = [];
        const before = this.#state;
        const turn = turnRegion(before, inputs);
        this.#state = turn.state;
        this.#carryOut(turn.effects, before);
      }
    } finally {
      // Also when an effect threw: a region that never steps again would keep its shards for ever.
      this.#waiting = [];
      this.#isStepping = false;
    }
  }

  #carryOut(effects: readonly RegionEffect[], before: RegionState): void {
    const reports: RegionReport[] = [];
    const touched = new Map<string, ShardRef>();
    for (const effect of effects) {
      if (effect.tag === "report") reports.push(effect.report);
      else this.#perform(effect);
      if (effect.tag === "report") touched.set(shardKey(effect.report.item), effect.report.item);
      else if (effect.tag !== "forget") touched.set(shardKey(effect), effect);
    }
    for (const message of gatherReports(reports, this.#term())) this.#events.report(message);
    if (touched.size === 0 || this.#state === null) return;
    const { changed, gone } = beliefChanges(before, this.#state, touched.values(), this.#transfer);
    this.#events.changed(changed, gone);
  }

  #perform(effect: Exclude<RegionEffect, { tag: "report" }>): void {
    const { serving, executor, handoffTimeoutMs } = this.#options;
    const incarnation = (this.#state as RegionState).self.incarnation;
    switch (effect.tag) {
      case "open": {
        const { group, shard, epoch, handoffId: carried } = effect;
        if (carried !== null) {
          this.handoffsIn += 1;
          this.#transfer.consume(carried);
        }
        serving.open(effect, epoch);
        const warm = this.#warm.take(effect, epoch);
        return executor.post({ tag: "open", group, shard, epoch, incarnation, carried, warm });
      }
      case "reopen": {
        const { group, shard, epoch } = effect;
        serving.raise(effect, epoch);
        return executor.post({ tag: "reopen", group, shard, epoch, incarnation });
      }
      case "copy": {
        const { group, shard, epoch, handoffId } = effect;
        this.handoffsOut += 1;
        return executor.post({ tag: "copy", group, shard, epoch, handoffId });
      }
      case "drain": {
        const { group, shard, epoch, handoffId } = effect;
        return executor.post({
          ...{ tag: "drain", group, shard, epoch, handoffId },
          abortAfterMs: this.#isLeaving() ? handoffTimeoutMs : null,
        });
      }
      case "drop": {
        const { group, shard, epoch } = effect;
        serving.close(effect);
        return executor.post({ tag: "drop", group, shard, epoch });
      }
      case "transfer":
        return this.#transfer.send(effect, effect.to);
      case "forget":
        return this.#transfer.forget(effect.handoffId);
      default:
        effect satisfies never;
    }
  }

  /** A drain must end: handlers that outlast the handoff timeout are aborted. A balancing move gives up instead. */
  #isLeaving(): boolean {
    const self = (this.#state as RegionState).self;
    return this.#options.cluster().nodes.get(self.nodeId)?.state === "draining";
  }
}
