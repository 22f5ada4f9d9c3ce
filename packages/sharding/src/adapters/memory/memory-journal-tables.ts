import type { ShardPosition } from "../../core/cursor.ts";
import { type Incarnation, type NodeRef, shardKey } from "../../core/ids.ts";
import type { FeedEvent, Latest } from "../../ports/event-feed.ts";
import type {
  Append,
  AppendResult,
  ClaimResult,
  CommandRef,
  Head,
  HeadClaim,
  NewSnapshot,
  Outcome,
  Replay,
  Snapshot,
  StoredEntity,
  StoredEvent,
  Version,
} from "../../ports/journal.ts";
import { keyOf } from "./entity-key.ts";
import { MemoryTimers } from "./memory-timers.ts";

/** What an observer sees of the journal, in the order in which it took effect. */
export type JournalChange =
  | ({ readonly tag: "head-claimed"; readonly lastSeq: number } & Head)
  | ({
      readonly tag: "event-committed";
      readonly shardSeq: number;
      readonly version: Version;
      readonly commandId: string;
      readonly event: unknown;
    } & Head &
      StoredEntity)
  | ({
      readonly tag: "outcome-kept";
      readonly key: string;
      readonly commandId: string;
      readonly answer: unknown;
    } & StoredEntity);

interface HeadRow extends Head {
  lastSeq: number;
}

interface OutcomeRow extends Outcome {
  readonly commandId: string;
  readonly expiresMs: number;
}

interface SnapshotRow extends Snapshot {
  readonly stateVersion: number;
}

/** Heads, journal, outcomes and snapshots of one cluster. Each method is one statement that has its locks. */
export class MemoryJournalTables {
  readonly #nowMs: () => number;
  readonly #heads = new Map<string, HeadRow>();
  readonly #events = new Map<string, FeedEvent[]>();
  readonly #commands = new Set<string>();
  readonly #outcomes = new Map<string, OutcomeRow>();
  readonly #snapshots = new Map<string, SnapshotRow>();
  readonly timers: MemoryTimers;
  readonly #observers = new Set<(change: JournalChange) => void>();

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
    this.timers = new MemoryTimers(() => Math.floor(startedAtMs + nowMs()));
  }

  /** Called for each head claimed and each event and outcome committed, at that moment and in order. */
  observe(fn: (change: JournalChange) => void): () => void {
    this.#observers.add(fn);
    return () => this.#observers.delete(fn);
  }

  head(shard: HeadClaim | StoredEntity): Head | undefined {
    return this.#heads.get(shardKey(shard));
  }

  claim(holder: NodeRef, claim: HeadClaim): ClaimResult {
    const { group, shard, epoch } = claim;
    const { incarnation } = holder;
    const key = shardKey(claim);
    const head = this.#heads.get(key);
    if (head !== undefined && head.epoch >= epoch) {
      return head.epoch === epoch && head.incarnation === incarnation ? "claimed" : "fenced";
    }
    const lastSeq = head?.lastSeq ?? 0;
    this.#heads.set(key, { group, shard, epoch, incarnation, lastSeq });
    this.#tell({ tag: "head-claimed", group, shard, epoch, incarnation, lastSeq });
    return "claimed";
  }

  append(append: Append): AppendResult {
    const head = this.#heads.get(shardKey(append));
    if (head?.epoch !== append.epoch || head.incarnation !== append.incarnation) return "fenced";
    const { version, commandId, outcome, timers } = append;
    const rows = this.#events.get(keyOf(append)) ?? [];
    const isTaken = outcome !== null && this.findOutcome(append, outcome.key) !== null;
    const fired = timers?.fired ?? null;
    const isGone = fired !== null && !this.timers.has(append, fired);
    const isKnown = isTaken || this.#commands.has(commandOf(append));
    if (lastVersion(rows) !== version || isKnown || isGone) return "conflict";
    if (append.isRemoval) {
      rows.length = 0;
      this.#snapshots.delete(keyOf(append));
      this.timers.removed(append);
    }
    if (timers !== null) this.timers.write(append, commandId, timers);
    this.#write(head, append);
    if (outcome !== null) {
      const { bodyHash, answer, keepForMs } = outcome;
      this.#outcomes.set(outcomeOf(append, outcome.key), {
        ...{ bodyHash, answer, commandId, version: version + append.events.length },
        expiresMs: this.#nowMs() + keepForMs,
      });
      this.#tell({ tag: "outcome-kept", ...entityPart(append), commandId, ...outcome });
    }
    return "committed";
  }

  read(entity: StoredEntity, after: Version, limit: number): readonly StoredEvent[] {
    const rows = this.#events.get(keyOf(entity)) ?? [];
    const above = rows.filter(({ version }) => version > after).slice(0, limit);
    return above.map(({ version, event }) => ({ version, event }));
  }

  /** Every shard with the number of its last event. */
  ends(): readonly ShardPosition[] {
    const heads = [...this.#heads.values()].filter(({ lastSeq }) => lastSeq > 0);
    return heads.map(({ group, shard, lastSeq }) => ({ group, shard, seq: lastSeq }));
  }

  /** The events of a shard above a position, in their order. */
  eventsAfter({ group, shard, seq }: ShardPosition): readonly FeedEvent[] {
    const rows = [...this.#events.values()].flat();
    const above = rows.filter((row) => row.group === group && row.shard === shard && row.seq > seq);
    return above.sort((a, b) => a.seq - b.seq);
  }

  latest(entity: StoredEntity): Latest {
    const seq = this.#heads.get(shardKey(entity))?.lastSeq ?? 0;
    return { version: lastVersion(this.#events.get(keyOf(entity)) ?? []), seq };
  }

  replay(entity: StoredEntity, stateVersion: number, limit: number): Replay {
    const row = this.#snapshots.get(keyOf(entity));
    const kept = row?.stateVersion === stateVersion ? row : null;
    const snapshot = kept === null ? null : { version: kept.version, state: kept.state };
    return { snapshot, events: this.read(entity, snapshot?.version ?? 0, limit) };
  }

  keep({ version, stateVersion, state, deleteUpTo, ...head }: NewSnapshot): void {
    const key = keyOf(head);
    const events = this.#events.get(key) ?? [];
    const before = this.#snapshots.get(key);
    const isLate = before?.stateVersion === stateVersion && before.version >= version;
    const isThere = events.some((event) => event.version === version);
    if (this.holds(head) && isThere && !isLate) {
      this.#snapshots.set(key, { version, stateVersion, state });
    }
    const kept = this.#snapshots.get(key);
    if (kept?.stateVersion !== stateVersion || kept.version <= deleteUpTo) return;
    this.#events.set(
      key,
      events.filter((event) => event.version > deleteUpTo),
    );
  }

  findCommand(command: CommandRef): boolean {
    if (this.#commands.has(commandOf(command))) return true;
    const { key, commandId } = command;
    return key !== null && this.#outcomes.get(outcomeOf(command, key))?.commandId === commandId;
  }

  findOutcome(entity: StoredEntity, key: string): Outcome | null {
    const row = this.#outcomes.get(outcomeOf(entity, key));
    if (row === undefined || row.expiresMs <= this.#nowMs()) return null;
    const { bodyHash, answer, version } = row;
    return { bodyHash, answer, version };
  }

  holds({ epoch, incarnation, ...shard }: Head): boolean {
    const head = this.#heads.get(shardKey(shard));
    return head?.epoch === epoch && head.incarnation === incarnation;
  }

  /** What a standby has now. @returns makes the tables as they were. */
  standby(): () => void {
    const heads = [...this.#heads].map(([key, row]) => [key, { ...row }] as const);
    const events = [...this.#events].map(([key, rows]): [string, FeedEvent[]] => [key, [...rows]]);
    const [commands, outcomes] = [[...this.#commands], [...this.#outcomes]];
    const snapshots = [...this.#snapshots];
    const restoreTimers = this.timers.standby();
    return () => {
      restoreTimers();
      for (const table of [this.#heads, this.#events, this.#commands]) table.clear();
      for (const table of [this.#outcomes, this.#snapshots]) table.clear();
      for (const [key, row] of heads) this.#heads.set(key, row);
      for (const [key, rows] of events) this.#events.set(key, rows);
      for (const command of commands) this.#commands.add(command);
      for (const [key, outcome] of outcomes) this.#outcomes.set(key, outcome);
      for (const [key, row] of snapshots) this.#snapshots.set(key, row);
    };
  }

  #write(head: HeadRow, append: Append): void {
    const { commandId, events } = append;
    const key = keyOf(append);
    const rows = this.#events.get(key) ?? [];
    this.#events.set(key, rows);
    for (const [index, event] of events.entries()) {
      head.lastSeq += 1;
      const version = append.version + index + 1;
      const at = new Date(this.#nowMs()).toISOString();
      rows.push({ ...entityPart(append), seq: head.lastSeq, version, event, at });
      this.#commands.add(commandOf(append));
      const { epoch, incarnation, lastSeq: shardSeq } = head;
      this.#tell({
        ...{ tag: "event-committed", ...entityPart(append), epoch, incarnation },
        ...{ shardSeq, version, commandId, event },
      });
    }
  }

  #tell(change: JournalChange): void {
    for (const observer of [...this.#observers]) observer(change);
  }
}

/** A wall clock of this server, which is another one than the nodes' (@unit milliseconds since 1970). */
const startedAtMs = Date.UTC(2030, 0, 1);

const lastVersion = (rows: readonly StoredEvent[]): Version => rows.at(-1)?.version ?? 0;

/** The lives that these heads name. */
export const livesOf = (
  tables: MemoryJournalTables,
  shards: readonly HeadClaim[],
): ReadonlySet<Incarnation> =>
  new Set(
    shards.flatMap((shard) => {
      const head = tables.head(shard);
      return head !== undefined && head.epoch < shard.epoch ? [head.incarnation] : [];
    }),
  );

const entityPart = ({ group, shard, namespace, type, id }: StoredEntity): StoredEntity => ({
  ...{ group, shard, namespace, type, id },
});

const outcomeOf = (entity: StoredEntity, key: string): string => `${keyOf(entity)} ${key}`;

const commandOf = ({ group, shard, commandId }: CommandRef | Append): string =>
  `${group}/${shard} ${commandId}`;
