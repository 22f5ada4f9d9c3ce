import type { ClusterState } from "../../core/cluster.ts";
import { daemonGroup, workersLimit } from "../../core/daemons.ts";
import type { GroupName } from "../../core/ids.ts";
import type { LogEntry } from "../../core/log.ts";
import type { AdminCommand } from "../../core/messages.ts";
import { OptionsError } from "../../errors.ts";
import type { LogFn, ShardingNode } from "../../node-api.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Executor } from "../entities/executor.ts";
import type { FromExecutor, ServingGuard } from "../entities/executor-messages.ts";
import { DaemonHost } from "./daemon-host.ts";
import { type DaemonView, daemonViews } from "./daemon-view.ts";
import type { DaemonDefinition, DaemonNode } from "./definition.ts";

export interface NodeDaemonsParts {
  readonly daemons: ReadonlyMap<GroupName, DaemonDefinition>;
  readonly clock: Clock;
  readonly guard: ServingGuard;
  readonly log: LogFn;
  readonly node: DaemonNode;
  readonly cluster: () => ClusterState;
  readonly admin: (command: AdminCommand, deadlineMs?: number) => Promise<unknown>;
  /** @unit milliseconds */
  readonly leaseTtlMs: number;
  /** @unit milliseconds */
  readonly handoffTimeoutMs: number;
}

/** The daemons of one node: runs its workers beside the entities, and answers what is asked about all of them. */
export class NodeDaemons {
  readonly #parts: NodeDaemonsParts;
  readonly #host: DaemonHost;
  readonly #told = new Set<GroupName>();
  #listeners: readonly ((message: FromExecutor) => void)[] = [];

  constructor(parts: NodeDaemonsParts) {
    this.#parts = parts;
    const { daemons, clock, guard, log, node, cluster, leaseTtlMs, handoffTimeoutMs } = parts;
    this.#host = new DaemonHost({
      ...{ daemons, clock, guard, log, node, heartbeatMs: leaseTtlMs / 2 },
      workers: (group) => cluster().groups.get(group)?.workers ?? 0,
      // A handoff is given up after its timeout, and a worker that has its signal cannot go on.
      patienceMs: Math.min(leaseTtlMs, handoffTimeoutMs / 2),
      emit: (message) => {
        for (const listener of this.#listeners) listener(message);
      },
    });
  }

  /** One executor for all shards. */
  beside(entities: Executor): Executor {
    const host = this.#host;
    return {
      post: (message) => {
        if ("group" in message && host.runs(message.group)) host.post(message);
        else entities.post(message);
      },
      onMessage: (fn) => {
        const stop = entities.onMessage(fn);
        this.#listeners = [...this.#listeners, fn];
        return () => {
          stop();
          this.#listeners = this.#listeners.filter((listener) => listener !== fn);
        };
      },
      stats: () => entities.stats(),
      close: () => entities.close(),
    };
  }

  follow(entries: readonly LogEntry[]): void {
    if (entries.some(({ type }) => type.startsWith("group-"))) this.rescale();
  }

  /** Some daemon may have another number of workers. */
  rescale(): void {
    this.#host.rescale();
    for (const [group, { name, workers }] of this.#parts.daemons) {
      const now = this.#parts.cluster().groups.get(group)?.workers;
      if (now === undefined || now === workers || this.#told.has(group)) continue;
      this.#told.add(group);
      const why = `Daemon "${name}" has ${now} workers in this cluster, and ${workers} in this program. The cluster's number counts; scaleDaemon changes it.`;
      this.#parts.log("info", why);
    }
  }

  views(): readonly DaemonView[] {
    return daemonViews(this.#parts.cluster(), this.#host.places());
  }

  counters(): { readonly workersRunning: number; readonly workersGivenUp: number } {
    return { workersRunning: this.#host.running, workersGivenUp: this.#host.givenUp };
  }

  async scale(
    ...[name, workers, { by = "api", deadlineMs } = {}]: Parameters<ShardingNode["scaleDaemon"]>
  ): Promise<DaemonView> {
    if (!(Number.isSafeInteger(workers) && workers >= 0 && workers <= workersLimit)) {
      throw new OptionsError(
        `Daemon "${name}": workers is ${workers}; it must be a whole number from 0 to ${workersLimit}.`,
      );
    }
    await this.#parts.admin({ tag: "scale", by, daemon: name, workers }, deadlineMs);
    return this.views().find((view) => view.group === daemonGroup(name)) as DaemonView;
  }

  /** @returns once no worker runs here any more, or those that do were waited for long enough. */
  async end(): Promise<void> {
    await this.#host.end();
  }
}
