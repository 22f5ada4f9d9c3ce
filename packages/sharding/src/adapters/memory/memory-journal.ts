import type { NodeRef, ShardRef } from "../../core/ids.ts";
import { StoreUnavailableError } from "../../errors.ts";
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
import type { DueTimer, DueTimers } from "../../ports/timers.ts";
import { Batches } from "../batches.ts";
import type { MemoryBackend } from "./memory-backends.ts";
import type { Settled } from "./memory-journal-server.ts";
import { MemoryJournalSession } from "./memory-journal-session.ts";
import { ask, type MemoryClient } from "./memory-link.ts";
import type { MemoryPostgres } from "./memory-postgres.ts";

const lanes = 2;
const claimPollMs = 20;

interface Lane {
  readonly session: MemoryJournalSession;
  readonly appends: Batches<Append, Settled>;
}

/** The client's half of the journal. */
export class MemoryJournal implements Journal {
  readonly #server: MemoryPostgres;
  readonly #client: Required<MemoryClient>;
  readonly #timeoutMs: number;
  readonly #lanes: readonly Lane[];
  #isClosed = false;

  constructor(server: MemoryPostgres, client: Required<MemoryClient>, timeoutMs: number) {
    this.#server = server;
    this.#client = client;
    this.#timeoutMs = timeoutMs;
    this.#lanes = Array.from({ length: lanes }, () => {
      const session = new MemoryJournalSession(server, client, timeoutMs);
      const send = (batch: readonly Append[]) =>
        session.run((by: MemoryBackend) => server.journals.append(by, batch));
      const appends = new Batches({ send, limit: 500, weightLimit: 500, weigh: () => 1 });
      return { session, appends };
    });
  }

  async claim(holder: NodeRef, shards: readonly HeadClaim[]): Promise<readonly ClaimResult[]> {
    for (const { session } of this.#lanes) {
      session.rename(`journal ${holder.incarnation} ${holder.nodeId}`);
    }
    const { journals } = this.#server;
    const results = new Map<HeadClaim, ClaimResult>();
    const endMs = this.#client.clock.monotonicMs() + this.#timeoutMs / 2;
    let rest = shards;
    for (;;) {
      const claims = rest;
      const claimed = await this.#ask(() => journals.claim(holder, claims));
      for (const [index, result] of claimed.entries())
        results.set(rest[index] as HeadClaim, result);
      rest = rest.filter((shard) => results.get(shard) === "busy");
      if (rest.length === 0 || this.#client.clock.monotonicMs() > endMs) break;
      const busy = rest;
      await this.#ask(() => this.#server.endDeadWriters(busy));
      await new Promise<void>((resolve) => {
        this.#client.clock.after(claimPollMs, resolve);
      });
    }
    return shards.map((shard) => results.get(shard) as ClaimResult);
  }

  async append(append: Append): Promise<AppendResult> {
    const settled = await this.#laneOf(append).appends.add(append);
    if ("refused" in settled) throw settled.refused;
    return settled.result;
  }

  read(entity: StoredEntity, after: Version, limit: number): Promise<readonly StoredEvent[]> {
    return this.#ask(() => this.#server.journals.tables.read(entity, after, limit));
  }

  replay(entity: StoredEntity, stateVersion: number, limit: number): Promise<Replay> {
    return this.#ask(() => this.#server.journals.tables.replay(entity, stateVersion, limit));
  }

  keep(snapshots: readonly NewSnapshot[]): Promise<void> {
    return this.#ask(() => this.#server.journals.keep(snapshots));
  }

  findCommand(command: CommandRef): Promise<boolean> {
    return this.#laneOf(command).session.run(() =>
      this.#server.journals.tables.findCommand(command),
    );
  }

  findOutcome(entity: StoredEntity, key: string): Promise<Outcome | null> {
    return this.#ask(() => this.#server.journals.tables.findOutcome(entity, key));
  }

  dueTimers(shards: readonly ShardRef[], withinMs: number, limit: number): Promise<DueTimers> {
    return this.#ask(() => this.#server.journals.tables.timers.due(shards, withinMs, limit));
  }

  timersOf(entity: StoredEntity): Promise<readonly DueTimer[]> {
    return this.#ask(() => this.#server.journals.tables.timers.of(entity));
  }

  startTimers(shards: readonly ShardRef[]): Promise<void> {
    return this.#ask(() => this.#server.journals.tables.timers.start(shards));
  }

  holds(head: Head): Promise<boolean> {
    return this.#ask(() => this.#server.journals.tables.holds(head));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const { session } of this.#lanes) session.close();
  }

  #laneOf({ shard }: { readonly shard: number }): Lane {
    return this.#lanes[shard % lanes] as Lane;
  }

  async #ask<T>(statement: () => T): Promise<T> {
    if (this.#isClosed) throw new StoreUnavailableError("This journal was closed.");
    const onServer = () => {
      this.#server.mustBeUp();
      return statement();
    };
    return await ask(this.#client, onServer, this.#timeoutMs, () => {
      return new StoreUnavailableError(`Postgres did not answer within ${this.#timeoutMs} ms.`);
    });
  }
}
