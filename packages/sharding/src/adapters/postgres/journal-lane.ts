import type { Append, AppendResult } from "../../ports/journal.ts";
import type { TimerWrites } from "../../ports/timers.ts";
import { Batches } from "../batches.ts";
import { entityValues } from "./entity-values.ts";
import type { JournalConnection, Prepared } from "./journal-connection.ts";
import type { OutcomePruning } from "./outcome-pruning.ts";
import { isDuplicate, isRefusedRow } from "./sqlstate.ts";

interface Written {
  readonly append: Append;
  /** The append as JSON text: made once, also where it is sent twice. */
  readonly json: string;
}

type Settled = { readonly result: AppendResult } | { readonly refused: Error };

interface ResultRow {
  readonly n: number;
  readonly result: AppendResult;
}

export interface AppendSql {
  /** Without timers. */
  readonly events: Prepared;
  readonly timed: Prepared;
  /** One that removes its entity. */
  readonly removal: string;
}

const batchLimit = 500;
const batchBytes = 4 * 1024 * 1024;

/**
 * The appends of the shards that are pinned to one connection: those that wait share a statement.
 *
 * What Postgres refuses, a duplicate or a text that it cannot store, fails the whole statement, and
 * surely leaves no trace. Then each append goes alone, so that only the culprit fails.
 */
export class JournalLane {
  readonly #connection: JournalConnection;
  readonly #sql: AppendSql;
  readonly #pruning: OutcomePruning;
  readonly #batches: Batches<Written, Settled>;

  constructor(connection: JournalConnection, sql: AppendSql, pruning: OutcomePruning) {
    this.#connection = connection;
    this.#sql = sql;
    this.#pruning = pruning;
    this.#batches = new Batches({
      send: (batch) => this.#send(batch),
      limit: batchLimit,
      weightLimit: batchBytes,
      weigh: ({ json }) => json.length,
    });
  }

  async append(append: Append): Promise<AppendResult> {
    const settled = await this.#batches.add({ append, json: jsonOf(append) });
    if ("refused" in settled) throw settled.refused;
    return settled.result;
  }

  async #send(batch: readonly Written[]): Promise<readonly Settled[]> {
    const together = batch.filter(({ append }) => !append.isRemoval);
    const settled = new Map<Written, Settled>();
    if (together.length > 0) {
      for (const [n, one] of (await this.#sendTogether(together)).entries()) {
        settled.set(together[n] as Written, one);
      }
    }
    for (const one of batch) if (one.append.isRemoval) settled.set(one, await this.#sendAlone(one));
    return batch.map((one) => settled.get(one) as Settled);
  }

  async #sendTogether(batch: readonly Written[]): Promise<readonly Settled[]> {
    try {
      return await this.#write(batch);
    } catch (error) {
      if (!isRefusedRow(error)) throw error;
      const settled: Settled[] = [];
      for (const one of batch) settled.push(await this.#sendAlone(one));
      return settled;
    }
  }

  /** A duplicate that the statement's snapshot could not see is seen by the next one. */
  async #sendAlone(one: Written, again = false): Promise<Settled> {
    try {
      const [settled] = await this.#write([one]);
      return settled as Settled;
    } catch (error) {
      if (isDuplicate(error) && !again) return await this.#sendAlone(one, true);
      if (isDuplicate(error)) return { result: "conflict" };
      if (isRefusedRow(error)) return { refused: error as Error };
      throw error;
    }
  }

  async #write(batch: readonly Written[]): Promise<readonly Settled[]> {
    const items = batch.map(({ json }, n) => `{"n":${n},${json.slice(1)}`);
    const list = `[${items.join(",")}]`;
    const removed = batch.find(({ append }) => append.isRemoval)?.append;
    const [sql, values] =
      removed === undefined
        ? [batch.some(isTimed) ? this.#sql.timed : this.#sql.events, [list]]
        : [this.#sql.removal, [list, ...entityValues(removed)]];
    const rows = await this.#connection.query<ResultRow>("appending", sql, values);
    const results: Settled[] = [];
    for (const { n, result } of rows) results[n] = { result };
    this.#pruning.after(batch.map(({ append }) => append));
    return results;
  }
}

const isTimed = ({ append }: Written): boolean => append.timers !== null;

function jsonOf(append: Append): string {
  const { outcome, timers } = append;
  return JSON.stringify({
    group_name: append.group,
    shard: append.shard,
    epoch: append.epoch,
    incarnation: append.incarnation,
    namespace: append.namespace,
    entity_type: append.type,
    entity_id: append.id,
    version: append.version,
    command_id: append.commandId,
    events: append.events,
    key: outcome?.key ?? null,
    body_hash: outcome?.bodyHash ?? null,
    answer: outcome?.answer ?? null,
    keep_for_ms: outcome?.keepForMs ?? null,
    ...(timers === null ? {} : timersJson(timers)),
  });
}

const timersJson = ({ changes, fired }: TimerWrites): object => ({
  timers: changes.map(({ name, setting }) =>
    setting === null
      ? { name }
      : {
          ...{ name, due_ms: setting.dueMs, command: setting.command, input: setting.input },
          recurrence: setting.recurrence,
        },
  ),
  fired_name: fired?.name ?? null,
  fired_by: fired?.setBy ?? null,
});
