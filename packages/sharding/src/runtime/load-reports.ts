import type { ShardBelief, ShardHeat } from "../core/belief.ts";
import type { GroupName, NodeRef, ShardRef, Term } from "../core/ids.ts";
import { costOf, loadReportMs, shardsObserved, unobservedAfterMs } from "../core/load.ts";
import type { GroupDeclaration } from "../core/log.ts";
import type { ToCoordinator } from "../core/messages.ts";
import type { Clock } from "../ports/clock.ts";
import { ShardMeter } from "./data-plane/shard-meter.ts";

export interface LoadReportsPorts {
  readonly clock: Clock;
  readonly groups: readonly GroupDeclaration[];
  readonly coordinator: () => NodeRef | null;
  readonly term: () => Term;
  /** On the mesh or not at all: by the time that a letter arrives it says nothing any more. */
  readonly send: (to: NodeRef, message: ToCoordinator) => void;
}

/**
 * Tells the coordinator each second what the shards served here cost, where a group is balanced by load, and whoever
 * observes the node which of its shards are the hottest. Other groups are measured only while somebody observes.
 */
export class LoadReports {
  readonly meter: ShardMeter;
  readonly #ports: LoadReportsPorts;
  readonly #balanced: readonly GroupName[];
  #cancel: (() => void) | null = null;
  /** Ends the measuring for observers; null while there are none. */
  #endObserving: (() => void) | null = null;

  constructor(ports: LoadReportsPorts) {
    this.#ports = ports;
    const balanced = ports.groups.filter(({ strategy }) => strategy === "load");
    this.#balanced = balanced.map(({ group }) => group);
    this.meter = new ShardMeter(balanced);
  }

  /** Handlers have to be timed: a group is balanced by what they cost. */
  get isTimed(): boolean {
    return this.#balanced.length > 0;
  }

  start(): void {
    const { clock } = this.#ports;
    if (!this.isTimed) return;
    this.#cancel = clock.after(loadReportMs, () => {
      this.#report();
      this.start();
    });
  }

  /**
   * The hottest shards served here. The first question begins the measuring of groups that are not balanced by load.
   *
   * @param served what this node serves now.
   */
  hottest(served: () => readonly ServedShard[]): readonly ShardHeat[] {
    const { clock } = this.#ports;
    const nowMs = clock.monotonicMs();
    if (this.#endObserving === null) this.#beginObserving(served(), nowMs);
    this.#endObserving?.();
    this.#endObserving = clock.after(unobservedAfterMs, () => this.#stopObserving());
    const { shards } = this.meter.report(nowMs);
    return shards
      .filter(({ requests }) => requests >= leastRequests)
      .toSorted((a, b) => costOf(b) - costOf(a))
      .slice(0, shardsObserved)
      .map(({ group, shard, requests, busyMs }) => ({
        ...{ group, shard, requestsPerSecond: rounded(requests) },
        busyMs: this.#balanced.includes(group) ? rounded(busyMs) : null,
      }));
  }

  stop(): void {
    this.#cancel?.();
    this.#endObserving?.();
  }

  shardsChanged(changed: readonly ShardBelief[], gone: readonly ShardRef[]): void {
    const nowMs = this.#ports.clock.monotonicMs();
    for (const shard of changed) {
      if (shard.serving) this.meter.open(shard, nowMs);
      else this.meter.close(shard);
    }
    for (const shard of gone) this.meter.close(shard);
  }

  #beginObserving(served: readonly ServedShard[], nowMs: number): void {
    const measured = this.#observedOnly();
    for (const group of measured) this.meter.measure(group);
    const names = new Set(measured.map(({ group }) => group));
    for (const shard of served) {
      if (shard.serving && names.has(shard.group)) this.meter.open(shard, nowMs);
    }
  }

  #stopObserving(): void {
    this.#endObserving = null;
    for (const { group } of this.#observedOnly()) this.meter.forget(group);
  }

  #observedOnly(): readonly GroupDeclaration[] {
    return this.#ports.groups.filter(({ strategy }) => strategy !== "load");
  }

  #report(): void {
    const { clock, coordinator, term, send } = this.#ports;
    const to = coordinator();
    if (to === null) return;
    const report = this.meter.report(clock.monotonicMs(), this.#balanced);
    send(to, { tag: "shard-loads", term: term(), ...report });
  }
}

type ServedShard = Pick<ShardBelief, "group" | "shard" | "epoch" | "serving">;

/** Below one in ten seconds a shard is not hot, and its average fades for minutes. @unit requests per second */
const leastRequests = 0.1;

/** A digit behind the point is more than anybody reads, and a third of the bytes. */
const rounded = (value: number): number => Math.round(value * 10) / 10;
