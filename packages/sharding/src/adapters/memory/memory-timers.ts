import { type ShardRef, shardKey } from "../../core/ids.ts";
import type { StoredEntity } from "../../ports/journal.ts";
import {
  type DueTimer,
  type DueTimers,
  type ServerMs,
  type TimerRef,
  type TimerWrites,
  untilStartMs,
} from "../../ports/timers.ts";
import { keyOf } from "./entity-key.ts";

/** The timers of one cluster, by entity and name. */
export class MemoryTimers {
  readonly #nowMs: () => ServerMs;
  #rows = new Map<string, Map<string, DueTimer>>();

  constructor(nowMs: () => ServerMs) {
    this.#nowMs = nowMs;
  }

  /** Whether a timer is as the command that set it left it. */
  has(entity: StoredEntity, { name, setBy }: TimerRef): boolean {
    return this.#rows.get(keyOf(entity))?.get(name)?.setBy === setBy;
  }

  write(entity: StoredEntity, setBy: string, { changes }: TimerWrites): void {
    const key = keyOf(entity);
    const own = new Map(this.#rows.get(key));
    const { group, shard, namespace, type, id } = entity;
    for (const { name, setting } of changes) {
      if (setting === null) own.delete(name);
      else own.set(name, { group, shard, namespace, type, id, name, setBy, ...setting });
    }
    if (own.size > 0) this.#rows.set(key, own);
    else this.#rows.delete(key);
  }

  removed(entity: StoredEntity): void {
    this.#rows.delete(keyOf(entity));
  }

  due(shards: readonly ShardRef[], withinMs: number, limit: number): DueTimers {
    const nowMs = this.#nowMs();
    const wanted = new Set(shards.map(shardKey));
    const timers = [...this.#rows.values()]
      .flatMap((own) => [...own.values()])
      .filter((timer) => wanted.has(shardKey(timer)) && timer.dueMs <= nowMs + withinMs)
      .sort((a, b) => a.dueMs - b.dueMs)
      .slice(0, limit);
    return { nowMs, timers };
  }

  of(entity: StoredEntity): readonly DueTimer[] {
    const own = [...(this.#rows.get(keyOf(entity))?.values() ?? [])];
    return own.sort((a, b) => a.dueMs - b.dueMs || (a.name < b.name ? -1 : 1));
  }

  start(shards: readonly ShardRef[]): void {
    const wanted = new Set(shards.map(shardKey));
    const dueMs = this.#nowMs();
    for (const [key, own] of this.#rows) {
      const started = [...own].map(([name, timer]): [string, DueTimer] => {
        const isDue = timer.dueMs === untilStartMs && wanted.has(shardKey(timer));
        return [name, isDue ? { ...timer, dueMs } : timer];
      });
      this.#rows.set(key, new Map(started));
    }
  }

  /** What a standby has now. @returns makes the table as it was. */
  standby(): () => void {
    // Rows of an entity are replaced, never changed.
    const rows = new Map(this.#rows);
    return () => {
      this.#rows = new Map(rows);
    };
  }
}
