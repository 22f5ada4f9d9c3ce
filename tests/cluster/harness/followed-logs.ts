import { isDeepStrictEqual } from "node:util";
import {
  applyEntries,
  type ClusterState,
  emptyCluster,
  findShard,
  type LogEntry,
  ownerOf,
} from "@leasehold/sharding/observe";
import { z } from "zod";
import type { ShardAnswer } from "./answers.ts";
import { InvariantViolation } from "./invariant-violation.ts";
import type { TestNode } from "./test-node.ts";

const eventsAnswer = z.object({
  history: z.string(),
  events: z.array(z.looseObject({ seq: z.int(), term: z.int(), type: z.string() })),
});

/**
 * The cluster's log as every node tells it: one sequence without a gap, the same from each of them, whose
 * replay gives the shards that they show (S7), under terms that never go down (S3).
 */
export class FollowedLogs {
  readonly #entries: LogEntry[] = [];
  readonly #cursors = new Map<string, number>();
  #state: ClusterState | null = null;

  /** Everything read so far. */
  get entries(): readonly LogEntry[] {
    return this.#entries;
  }

  /** The rows as the first `count` entries leave them. */
  replay(count: number): ClusterState {
    if (this.#state === null) throw new Error("No log has been read yet.");
    return applyEntries(emptyCluster(this.#state.history), this.#entries.slice(0, count));
  }

  /** Reads on at one node. A node that does not answer is left for later. @throws {InvariantViolation} */
  async follow(node: TestNode): Promise<void> {
    for (;;) {
      const after = this.#cursors.get(node.nodeId) ?? 0;
      const path = `/v1/events?after=${after}&limit=1000`;
      const answer = await node.ask("GET", path, undefined, 1_000).catch(() => null);
      if (answer === null) return;
      const { history, events } = eventsAnswer.parse(answer);
      this.#state ??= emptyCluster(history);
      if (this.#state.history !== history) {
        throw new InvariantViolation(`S7: ${node.nodeId} tells of history ${history}`);
      }
      this.#take(node.nodeId, events as unknown as readonly LogEntry[]);
      if (events.length < 1000) return;
    }
  }

  /**
   * @returns false where the log has been read to another seq than `shown` is of.
   * @throws {InvariantViolation} where a node's shards are not what the log says.
   */
  expectShards(nodeId: string, seq: number, shown: readonly ShardAnswer[]): boolean {
    const state = this.#state;
    if (state === null || state.seq !== seq) return false;
    for (const row of shown) {
      const replayed = findShard(state, row);
      const owner = replayed === undefined ? null : ownerOf(replayed);
      const isSame =
        replayed?.state === row.state &&
        replayed.epoch === row.epoch &&
        (owner?.nodeId ?? null) === row.owner;
      if (isSame) continue;
      throw new InvariantViolation(
        `S7: at seq ${seq} ${nodeId} shows ${JSON.stringify(row)}, the log says ${JSON.stringify(replayed)}`,
      );
    }
    return true;
  }

  /** Several nodes may be read at a time: what one told while another was asked is known here already. */
  #take(nodeId: string, events: readonly LogEntry[]): void {
    const fresh: LogEntry[] = [];
    for (const event of events) {
      const cursor = this.#cursors.get(nodeId) ?? 0;
      if (event.seq !== cursor + 1) {
        throw new InvariantViolation(`S7: ${nodeId} told seq ${event.seq} after ${cursor}`);
      }
      this.#cursors.set(nodeId, event.seq);
      const known = this.#entries[event.seq - 1];
      if (known === undefined) {
        this.#entries.push(event);
        fresh.push(event);
      } else if (!isDeepStrictEqual(known, event)) {
        const [own, others] = [event, known].map((one) => JSON.stringify(one));
        throw new InvariantViolation(`S7: ${nodeId} told ${own}, another node ${others}`);
      }
    }
    if (fresh.length > 0) this.#replay(fresh);
  }

  #replay(fresh: readonly LogEntry[]): void {
    try {
      this.#state = applyEntries(this.#state as ClusterState, fresh);
    } catch (cause) {
      // A gap, a term that goes down, or an event that does not fit its row.
      throw new InvariantViolation(`S7: the log cannot be replayed: ${String(cause)}`, { cause });
    }
  }
}
