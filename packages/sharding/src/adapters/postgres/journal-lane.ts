import type { Append, AppendResult } from "../../ports/journal.ts";
import type { TimerWrites } from "../../ports/timers.ts";
import { Batches } from "../batches.ts";
import { entityValues } from "./entity-values.ts";
import type { JournalConnection, Prepared } from "./journal-connection.ts";
import { KnownEnds } from "./known-ends.ts";
import type { OutcomePruning } from "./outcome-pruning.ts";
import { areAlike, type ShardPart, valuesOfMany, valuesOfOne } from "./plain-appends.ts";
import { isDuplicate, isRefusedRow } from "./sqlstate.ts";
import { type WrittenAppend, writtenAppend } from "./written-append.ts";

type Settled = { readonly result: AppendResult } | { readonly refused: Error };

interface ResultRow {
  readonly n: number;
  readonly result: AppendResult;
}

/** Where each shard ended before. */
interface Before {
  readonly before: readonly number[];
}

/** Where an append's shard ends now. */
type EndOf = (append: Append) => number;

export interface AppendSql {
  /** One event of one append, the same where its version is known, and events of several: all of it, or no row. */
  readonly one: Prepared;
  readonly next: Prepared;
  readonly many: Prepared;
  /** Without timers. */
  readonly events: Prepared;
  readonly timed: Prepared;
  /** One that removes its entity. */
  readonly removal: string;
}

const batchLimit = 500;
const batchBytes = 4 * 1024 * 1024;
/** What an append weighs without its events, roughly. */
const rowBytes = 300;

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
  readonly #ends = new KnownEnds();
  readonly #batches: Batches<WrittenAppend, Settled>;

  constructor(connection: JournalConnection, sql: AppendSql, pruning: OutcomePruning) {
    this.#connection = connection;
    this.#sql = sql;
    this.#pruning = pruning;
    this.#batches = new Batches({
      send: (batch) => this.#send(batch),
      limit: batchLimit,
      weightLimit: batchBytes,
      weigh: ({ texts }) => texts.reduce((sum, text) => sum + text.length, rowBytes),
    });
  }

  append(append: Append): Promise<AppendResult> {
    return this.#batches.add(writtenAppend(append)).then(resultOf);
  }

  async #send(batch: readonly WrittenAppend[]): Promise<readonly Settled[]> {
    const together = batch.filter(({ append }) => !append.isRemoval);
    const settled = new Map<WrittenAppend, Settled>();
    if (together.length > 0) {
      for (const [n, one] of (await this.#sendTogether(together)).entries()) {
        settled.set(together[n] as WrittenAppend, one);
      }
    }
    for (const one of batch) if (one.append.isRemoval) settled.set(one, await this.#sendAlone(one));
    return batch.map((one) => settled.get(one) as Settled);
  }

  async #sendTogether(batch: readonly WrittenAppend[]): Promise<readonly Settled[]> {
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
  async #sendAlone(one: WrittenAppend, again = false): Promise<Settled> {
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

  async #write(batch: readonly WrittenAppend[]): Promise<readonly Settled[]> {
    const appends = batch.map(({ append }) => append);
    let settled: readonly Settled[] | null = null;
    try {
      settled = await this.#writePlain(batch);
    } finally {
      if (settled === null) this.#ends.forget(batch);
    }
    settled ??= await this.#writeAny(batch);
    this.#pruning.after(appends);
    return settled;
  }

  /** @returns null where nothing was written: not what it can do, or one of them does not fit. */
  async #writePlain(batch: readonly WrittenAppend[]): Promise<readonly Settled[] | null> {
    if (!areAlike(batch)) return null;
    const [only] = batch as [WrittenAppend];
    const isOne = batch.length === 1 && only.texts.length === 1;
    const ends = isOne ? await this.#writeOne(only) : await this.#writeMany(batch);
    if (ends === null) return null;
    this.#ends.wrote(batch, ends);
    return batch.map(() => ({ result: "committed" }));
  }

  async #writeOne(one: WrittenAppend): Promise<EndOf | null> {
    if (this.#ends.knows(one)) return await this.#writeNext(one);
    const [row] = await this.#query<Before>(this.#sql.one, valuesOfOne(one));
    return row === undefined ? null : () => (row.before[0] as number) + 1;
  }

  async #writeNext(one: WrittenAppend): Promise<EndOf | null> {
    const last = this.#ends.lastSeqOf(one.append);
    const values = [...valuesOfOne(one), last];
    const count = await this.#connection.run("appending", this.#sql.next, values);
    return count === 0 ? null : () => last + 1;
  }

  async #writeMany(batch: readonly WrittenAppend[]): Promise<EndOf | null> {
    const many = valuesOfMany(batch, this.#ends);
    if (many === null) return null;
    const [row] = await this.#query<Before>(this.#sql.many, many.values);
    if (row === undefined) return null;
    return ({ shard }) => {
      const { place, added } = many.parts.get(shard) as ShardPart;
      return (row.before[place - 1] as number) + added;
    };
  }

  async #query<R extends object>(sql: Prepared | string, values: unknown[]): Promise<R[]> {
    return await this.#connection.query<R>("appending", sql, values);
  }

  async #writeAny(batch: readonly WrittenAppend[]): Promise<readonly Settled[]> {
    const items = batch.map(jsonOf);
    const list = `[${items.join(",")}]`;
    const removed = batch.find(({ append }) => append.isRemoval)?.append;
    const [sql, values] =
      removed === undefined
        ? [batch.some(isTimed) ? this.#sql.timed : this.#sql.events, [list]]
        : [this.#sql.removal, [list, ...entityValues(removed)]];
    const rows = await this.#query<ResultRow>(sql, values);
    const results: Settled[] = [];
    for (const { n, result } of rows) results[n] = { result };
    return results;
  }
}

function resultOf(settled: Settled): AppendResult {
  if ("refused" in settled) throw settled.refused;
  return settled.result;
}

const isTimed = ({ append }: WrittenAppend): boolean => append.timers !== null;

function jsonOf({ append, texts }: WrittenAppend, n: number): string {
  const { outcome, timers } = append;
  const rest = JSON.stringify({
    n,
    group_name: append.group,
    shard: append.shard,
    epoch: append.epoch,
    incarnation: append.incarnation,
    namespace: append.namespace,
    entity_type: append.type,
    entity_id: append.id,
    version: append.version,
    command_id: append.commandId,
    key: outcome?.key ?? null,
    body_hash: outcome?.bodyHash ?? null,
    answer: outcome?.answer ?? null,
    keep_for_ms: outcome?.keepForMs ?? null,
    ...(timers === null ? {} : timersJson(timers)),
  });
  return `${rest.slice(0, -1)},"events":[${texts.join(",")}]}`;
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
