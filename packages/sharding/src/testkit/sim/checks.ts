import { isDeepStrictEqual } from "node:util";
import { applyEntries, type ClusterState, emptyCluster } from "../../core/cluster.ts";
import { shardKey } from "../../core/ids.ts";
import {
  epochsRepeated,
  handoffsOverlapping,
  logBroken,
  rowsMalformed,
} from "../../core/invariants.ts";
import type { LogEntry } from "../../core/log.ts";
import type { SimCluster, SimNode } from "./sim-cluster.ts";

/** What must never be, looked for after every event. The first violation ends a run. */
export class Checks {
  readonly #cluster: SimCluster;
  readonly #inFlight = new Map<string, string>();
  #last: LogEntry | null = null;
  #isEndLost = false;
  #servingAtLastLook = -1;
  #model: ClusterState;
  /** For the transcript and for coverage. */
  onEntry: (entry: LogEntry) => void = () => undefined;

  constructor(cluster: SimCluster) {
    this.#cluster = cluster;
    this.#model = emptyCluster(cluster.postgres.tables.state().history);
  }

  /** The end of the log is lost; what is checked from now on begins with what is left. */
  lost(): void {
    const state = this.#cluster.postgres.tables.state();
    this.#model = state;
    this.#isEndLost = true;
    this.#last = null;
    this.#inFlight.clear();
    for (const [group, rows] of state.shards) {
      rows.forEach((row, shard) => {
        if (row.state === "handing-off")
          this.#inFlight.set(shardKey({ group, shard }), row.handoff.id);
      });
    }
  }

  /** @returns one sentence per violation. */
  look(): readonly string[] {
    return [...this.#servedTwice(), ...this.#logAndTables()];
  }

  /** S1, by what the executors are told and by each holder's own clock. A paused process serves nothing. */
  #servedTwice(): readonly string[] {
    // A second server appears only where a slot is stamped, or where a process goes on after a pause.
    let changes = 0;
    for (const { node, process } of this.#cluster.processes()) {
      changes = 31 * changes + node.serving.stamps + process.wakes;
    }
    if (changes === this.#servingAtLastLook) return [];
    this.#servingAtLastLook = changes;
    const open = new Map<string, SimNode[]>();
    for (const simNode of this.#cluster.processes()) {
      if (!simNode.process.isRunning) continue;
      for (const shard of simNode.node.serving.openShards()) {
        const others = open.get(shard);
        if (others === undefined) open.set(shard, [simNode]);
        else others.push(simNode);
      }
    }
    return [...open].flatMap(([shard, nodes]) => {
      // Most have one: the clock is asked only where it matters.
      const servers = nodes.length < 2 ? [] : nodes.filter(({ node }) => node.serving.isAlive());
      const names = servers.map(({ nodeId }) => nodeId).join(" and ");
      return servers.length < 2 ? [] : [`S1: ${shard} is served by ${names}`];
    });
  }

  /** S2, S3, S6, S7 on what was committed since the last look. */
  #logAndTables(): readonly string[] {
    const { tables } = this.#cluster.postgres;
    const state = tables.state();
    if (state.seq === this.#model.seq) return [];
    // Another history begins only where the end of the one before is lost.
    const { history } = this.#isEndLost ? state : this.#model;
    const before = { ...this.#model, history };
    if (history !== this.#model.history) this.#isEndLost = false;
    const { entries } = tables.readLog(before.seq, 1_000_000);
    const broken = logBroken(this.#last === null ? entries : [this.#last, ...entries]);
    this.#last = entries.at(-1) ?? this.#last;
    for (const entry of entries) this.onEntry(entry);
    this.#model = applyEntries(before, entries);
    const replayed = isDeepStrictEqual(this.#model, state)
      ? []
      : [`S7: the replay of the log up to ${state.seq} differs from the tables`];
    return [
      ...broken,
      ...replayed,
      ...epochsRepeated(before, state),
      ...handoffsOverlapping(entries, this.#inFlight),
      ...rowsMalformed(state),
    ];
  }
}
