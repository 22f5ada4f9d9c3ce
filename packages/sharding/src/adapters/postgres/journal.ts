import { type NodeRef, type ShardRef, shardKey } from "../../core/ids.ts";
import type {
  Append,
  AppendResult,
  ClaimResult,
  CommandRef,
  Head,
  HeadClaim,
  Journal,
  NewSnapshot,
  Outcome,
  Replay,
  StoredEntity,
  StoredEvent,
  Version,
} from "../../ports/journal.ts";
import { type DueTimer, type DueTimers, untilStartMs } from "../../ports/timers.ts";
import type { ConnectionOptions } from "./connection.ts";
import { entityValues } from "./entity-values.ts";
import { JournalConnection } from "./journal-connection.ts";
import { JournalLane } from "./journal-lane.ts";
import { OutcomePruning } from "./outcome-pruning.ts";
import type { StorePool } from "./pool.ts";
import { appendEvents, appendRemoval, appendTimed } from "./sql/append-events.ts";
import { appendMany, appendNext, appendOne } from "./sql/append-plain.ts";
import { claimHeads } from "./sql/claim-heads.ts";
import { dueTimers, timersOf } from "./sql/due-timers.ts";
import { endDeadWriters } from "./sql/end-dead-writers.ts";
import { holdsHead } from "./sql/holds-head.ts";
import { deleteEvents, keepSnapshots } from "./sql/keep-snapshots.ts";
import { pruneOutcomes } from "./sql/prune-outcomes.ts";
import { findCommand, findOutcome, readEvents, replayEntity } from "./sql/read-entity.ts";
import { startTimers } from "./sql/start-timers.ts";

export interface PostgresJournalOptions {
  /** For what needs no connection of its own: claims and reads. */
  readonly pool: StorePool;
  /** For the connections that append: must reach the server directly, because they are ended by name. */
  readonly direct: Omit<ConnectionOptions, "applicationName">;
  /** The cluster's schema, quoted. */
  readonly schema: string;
  /** Connections that append. */
  readonly lanes: number;
  /** How long `claim` asks again for heads that are locked. @unit milliseconds */
  readonly claimTimeoutMs: number;
  /** How often each lane removes outcomes that have expired. @unit milliseconds */
  readonly pruneEveryMs: number;
}

interface ReplayRow {
  readonly version: Version;
  readonly value: unknown;
  readonly isState: boolean;
}

interface Lane {
  readonly connection: JournalConnection;
  readonly appends: JournalLane;
}

/** The journal in Postgres: each call is one statement, so there is nothing to roll back. */
export class PostgresJournal implements Journal {
  readonly #options: PostgresJournalOptions;
  readonly #lanes: readonly Lane[];
  readonly #sql;

  constructor(options: PostgresJournalOptions) {
    const { schema, lanes, direct } = options;
    this.#options = options;
    this.#sql = {
      claimHeads: claimHeads(schema),
      endDeadWriters: endDeadWriters(schema),
      holdsHead: holdsHead(schema),
      findCommand: findCommand(schema),
      findOutcome: findOutcome(schema),
      readEvents: readEvents(schema),
      replay: replayEntity(schema),
      keep: keepSnapshots(schema),
      deleteEvents: deleteEvents(schema),
      dueTimers: dueTimers(schema),
      startTimers: startTimers(schema),
      timersOf: timersOf(schema),
    };
    const append = {
      one: { name: "append one", text: appendOne(schema) },
      next: { name: "append next", text: appendNext(schema) },
      many: { name: "append many", text: appendMany(schema) },
      events: { name: "append", text: appendEvents(schema) },
      timed: { name: "append timed", text: appendTimed(schema) },
      removal: appendRemoval(schema),
    };
    const prune = pruneOutcomes(schema);
    this.#lanes = Array.from({ length: lanes }, () => {
      const connection = new JournalConnection(direct);
      const pruning = new OutcomePruning(connection, prune, options.pruneEveryMs);
      return { connection, appends: new JournalLane(connection, append, pruning) };
    });
  }

  async claim(holder: NodeRef, shards: readonly HeadClaim[]): Promise<readonly ClaimResult[]> {
    for (const { connection } of this.#lanes) {
      connection.rename(`journal ${holder.incarnation} ${holder.nodeId}`);
    }
    const results = new Map<HeadClaim, ClaimResult>();
    const endMs = performance.now() + this.#options.claimTimeoutMs;
    let rest = shards;
    for (;;) {
      for (const [index, result] of (await this.#claimFree(holder, rest)).entries()) {
        results.set(rest[index] as HeadClaim, result);
      }
      rest = rest.filter((shard) => results.get(shard) === "busy");
      if (rest.length === 0 || performance.now() > endMs) break;
      await this.#options.pool.query("ending dead writers", this.#sql.endDeadWriters, [
        claimsJson(rest),
      ]);
      await pause(claimPollMs);
    }
    return shards.map((shard) => results.get(shard) as ClaimResult);
  }

  append(append: Append): Promise<AppendResult> {
    return this.#laneOf(append).appends.append(append);
  }

  async read(entity: StoredEntity, after: Version, limit: number): Promise<readonly StoredEvent[]> {
    const values = [...entityValues(entity), after, limit];
    return await this.#options.pool.query<StoredEvent>(
      "reading an entity",
      this.#sql.readEvents,
      values,
    );
  }

  async replay(entity: StoredEntity, stateVersion: number, limit: number): Promise<Replay> {
    const rows = await this.#options.pool.query<ReplayRow>("loading an entity", this.#sql.replay, [
      ...entityValues(entity),
      stateVersion,
      limit,
    ]);
    const kept = rows.find(({ isState }) => isState);
    const events = rows.filter(({ isState }) => !isState);
    return {
      snapshot: kept === undefined ? null : { version: kept.version, state: kept.value },
      events: events.map(({ version, value }) => ({ version, event: value })),
    };
  }

  async keep(snapshots: readonly NewSnapshot[]): Promise<void> {
    const json = JSON.stringify(snapshots.map(snapshotRow));
    const { pool } = this.#options;
    await pool.query("keeping snapshots", this.#sql.keep, [json]);
    for (const { deleteUpTo, stateVersion, ...entity } of snapshots) {
      if (deleteUpTo < 1) continue;
      const values = [...entityValues(entity), deleteUpTo, stateVersion];
      await pool.query("deleting events", this.#sql.deleteEvents, values);
    }
  }

  /** On the shard's own connection: it has ended whatever was sent there before. */
  async findCommand(command: CommandRef): Promise<boolean> {
    const values = [...entityValues(command), command.commandId, command.key];
    const { connection } = this.#laneOf(command);
    const [row] = await connection.query<{ found: boolean }>(
      "looking up a command",
      this.#sql.findCommand,
      values,
    );
    return row?.found === true;
  }

  async findOutcome(entity: StoredEntity, key: string): Promise<Outcome | null> {
    const [outcome] = await this.#options.pool.query<Outcome>(
      "looking up an outcome",
      this.#sql.findOutcome,
      [...entityValues(entity), key],
    );
    return outcome ?? null;
  }

  async dueTimers(
    shards: readonly ShardRef[],
    withinMs: number,
    limit: number,
  ): Promise<DueTimers> {
    const values = [shards.map(shardKey), withinMs, limit];
    const rows = await this.#options.pool.query<DueTimers>(
      "reading timers",
      this.#sql.dueTimers,
      values,
    );
    return rows[0] as DueTimers;
  }

  async timersOf(entity: StoredEntity): Promise<readonly DueTimer[]> {
    const [row] = await this.#options.pool.query<Pick<DueTimers, "timers">>(
      "reading an entity's timers",
      this.#sql.timersOf,
      entityValues(entity),
    );
    return row?.timers ?? [];
  }

  async startTimers(shards: readonly ShardRef[]): Promise<void> {
    const values = [shards.map(shardKey), untilStartMs];
    await this.#options.pool.query("starting timers", this.#sql.startTimers, values);
  }

  async holds({ group, shard, epoch, incarnation }: Head): Promise<boolean> {
    const [row] = await this.#options.pool.query<{ holds: boolean }>(
      "checking a fence",
      this.#sql.holdsHead,
      [group, shard, epoch, incarnation],
    );
    return row?.holds === true;
  }

  async close(): Promise<void> {
    await Promise.all([
      this.#options.pool.close(),
      ...this.#lanes.map(({ connection }) => connection.close()),
    ]);
  }

  async #claimFree(holder: NodeRef, shards: readonly HeadClaim[]): Promise<readonly ClaimResult[]> {
    const rows = await this.#options.pool.query<HeadClaim & { readonly result: ClaimResult }>(
      "claiming heads",
      this.#sql.claimHeads,
      [claimsJson(shards), holder.incarnation],
    );
    const results = new Map(rows.map(({ group, shard, result }) => [`${group}/${shard}`, result]));
    return shards.map(({ group, shard }) => results.get(`${group}/${shard}`) as ClaimResult);
  }

  #laneOf({ shard }: { readonly shard: number }): Lane {
    return this.#lanes[shard % this.#lanes.length] as Lane;
  }
}

const claimPollMs = 20;

const pause = (delayMs: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, delayMs);
  });

const claimsJson = (shards: readonly HeadClaim[]): string =>
  JSON.stringify(shards.map(({ group, shard, epoch }) => ({ group_name: group, shard, epoch })));

const snapshotRow = ({ group, shard, type, namespace, id, ...snapshot }: NewSnapshot): object => ({
  ...{ group_name: group, shard, entity_type: type, namespace, entity_id: id },
  ...{ epoch: snapshot.epoch, incarnation: snapshot.incarnation },
  ...{ version: snapshot.version, state_version: snapshot.stateVersion, state: snapshot.state },
});
