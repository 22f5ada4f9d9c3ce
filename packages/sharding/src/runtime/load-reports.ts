import type { ShardBelief } from "../core/belief.ts";
import type { NodeRef, ShardRef, Term } from "../core/ids.ts";
import { loadReportMs } from "../core/load.ts";
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
 * Tells the coordinator each second what the shards served here cost. Nothing is measured and nothing said where no
 * group is balanced by load.
 */
export class LoadReports {
  /** Null where nothing is measured. */
  readonly meter: ShardMeter | null;
  readonly #ports: LoadReportsPorts;
  #cancel: (() => void) | null = null;

  constructor(ports: LoadReportsPorts) {
    this.#ports = ports;
    const measured = ports.groups.filter(({ strategy }) => strategy === "load");
    this.meter = measured.length === 0 ? null : new ShardMeter(measured);
  }

  start(): void {
    const { clock } = this.#ports;
    if (this.meter === null) return;
    this.#cancel = clock.after(loadReportMs, () => {
      this.#report();
      this.start();
    });
  }

  stop(): void {
    this.#cancel?.();
  }

  shardsChanged(changed: readonly ShardBelief[], gone: readonly ShardRef[]): void {
    if (this.meter === null) return;
    const nowMs = this.#ports.clock.monotonicMs();
    for (const shard of changed) {
      if (shard.serving) this.meter.open(shard, nowMs);
      else this.meter.close(shard);
    }
    for (const shard of gone) this.meter.close(shard);
  }

  #report(): void {
    const { clock, coordinator, term, send } = this.#ports;
    const to = coordinator();
    if (this.meter === null || to === null) return;
    const report = this.meter.report(clock.monotonicMs());
    send(to, { tag: "shard-loads", term: term(), ...report });
  }
}
