import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { MemoryPostgres } from "../../adapters/memory/index.ts";
import type { JournalChange } from "../../adapters/memory/memory-journal-tables.ts";
import {
  type AnyEntityDefinition,
  command,
  defineEntity,
  emit,
} from "../../runtime/entities/definition.ts";
import { JournalCheck } from "../journal-check.ts";
import type { Random } from "./random.ts";

interface Note {
  readonly id: string;
}

interface LaterNote extends Note {
  readonly afterMs: number;
}

const inputOf = <T>(): StandardSchemaV1<T> => ({
  "~standard": { version: 1, vendor: "sim", validate: (value) => ({ value: value as T }) },
});

/** A timer may have been due while its command could not be stored, and is tried again after a second. */
const patienceMs = 2_000;

/** A durable entity: each note gets a number, which is the entity's version. */
export const ledgerEntity = defineEntity("ledger", {
  state: () => ({ notes: 0 }),
  // Often, so that loading with and without one is tried.
  snapshotEvery: 3,
  events: { noted: ({ notes }: { notes: number }, _note: Note) => ({ notes: notes + 1 }) },
  commands: {
    note: command(inputOf<Note>(), ({ state }, { id }) => emit(state.notes + 1, { noted: { id } })),
    later: command(inputOf<LaterNote>(), ({ timers }, { id, afterMs }) => {
      timers.set(id, { afterMs, command: "note", input: { id } });
    }),
    count: command(({ state }) => state.notes),
    countFenced: command(({ state }) => state.notes, { read: "fenced" }),
  },
}) as unknown as AnyEntityDefinition;

/** One command for a ledger, and what its answer has to be like. */
export interface LedgerAsk {
  readonly request: {
    readonly type: "ledger";
    readonly id: string;
    readonly command: string;
    readonly input: unknown;
    readonly key?: string;
  };
  answered(value: unknown): void;
}

/**
 * What clients know of the ledgers, held against the journal: S4, S5, and that each history is
 * linearizable. Every answer is a version, so that is a comparison of numbers: an answer may not be
 * below any that somebody had before it was asked for, and a note has a number of its own.
 */
export class Ledgers {
  readonly violations: string[] = [];
  readonly #journal = new JournalCheck();
  /** Per note, the number under which it took effect. */
  readonly #effects = new Map<string, number>();
  /** Per ledger, the highest number that a client has heard. */
  readonly #heard = new Map<string, number>();
  /** Notes under a key whose outcome their client does not know: it may ask again. */
  readonly #unknown: { readonly ledger: string; readonly id: string }[] = [];
  /** When a timer is to make them: notes that took no effect yet, whose clients know that the timer is set. */
  readonly #later = new Map<string, number>();
  readonly #nowMs: () => number;
  #notes = 0;
  #isStopped = false;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  watch(postgres: MemoryPostgres): void {
    postgres.onJournal((change) => {
      try {
        this.#journal.see(change);
        this.#took(change);
      } catch (error) {
        this.#break((error as Error).message);
      }
    });
  }

  /** Nothing is judged any more: acknowledged events are lost, outside of what is promised. */
  stop(): void {
    this.#isStopped = true;
  }

  next(random: Random): LedgerAsk {
    const kind = random.next();
    const again = kind < 0.1 ? this.#unknown.shift() : undefined;
    if (again !== undefined) return this.#note(again.ledger, again.id, true);
    const ledger = `l${random.below(6)}`;
    if (kind > 0.6 && kind <= 0.7) return this.#noteLater(ledger, random.between(0, 2_500));
    if (kind > 0.7) return this.#read(ledger, kind > 0.85 ? "count" : "countFenced");
    this.#notes += 1;
    return this.#note(ledger, `n${this.#notes}`, kind < 0.35);
  }

  #note(ledger: string, id: string, isKeyed: boolean): LedgerAsk {
    const atLeast = this.#heard.get(ledger) ?? 0;
    const request = { type: "ledger", id: ledger, command: "note", input: { id } } as const;
    if (isKeyed) this.#unknown.push({ ledger, id });
    return {
      request: isKeyed ? { ...request, key: id } : request,
      answered: (value) => {
        const number = this.#effects.get(id);
        if (number !== value) {
          this.#break(`S5: ${id} was answered ${value}, its number is ${number ?? "none"}`);
        }
        // Under a key the first answer comes again, however long ago that was.
        if (!isKeyed) this.#notBelow(ledger, `note ${id}`, value as number, atLeast + 1);
        this.#hear(ledger, value as number);
      },
    };
  }

  /** What timers should have done by now. */
  overdue(): readonly string[] {
    if (this.#isStopped) return [];
    const late = [...this.#later].filter(([, dueMs]) => this.#nowMs() > dueMs + patienceMs);
    return late.map(([id, dueMs]) => `S5: a timer was to make ${id} at ${dueMs}, and has not`);
  }

  #noteLater(ledger: string, afterMs: number): LedgerAsk {
    this.#notes += 1;
    const id = `n${this.#notes}`;
    return {
      request: { type: "ledger", id: ledger, command: "later", input: { id, afterMs } },
      answered: () => {
        if (!this.#effects.has(id)) this.#later.set(id, this.#nowMs() + afterMs);
      },
    };
  }

  #read(ledger: string, by: string): LedgerAsk {
    const atLeast = this.#heard.get(ledger) ?? 0;
    return {
      request: { type: "ledger", id: ledger, command: by, input: undefined },
      answered: (value) => {
        this.#notBelow(ledger, by, value as number, atLeast);
        const stored = this.#journal.versionOf("default", "ledger", ledger);
        if ((value as number) > stored) {
          this.#break(`S5: ${by} of ${ledger} read ${value}, stored are ${stored}`);
        }
        this.#hear(ledger, value as number);
      },
    };
  }

  #took(change: JournalChange): void {
    if (change.tag !== "event-committed" || change.type !== "ledger") return;
    const { id } = (change.event as { readonly data: Note }).data;
    const before = this.#effects.get(id);
    if (before !== undefined) {
      this.#break(`S5: ${id} took effect as ${before} and as ${change.version}`);
    }
    this.#effects.set(id, change.version);
    this.#later.delete(id);
  }

  #notBelow(ledger: string, what: string, value: number, atLeast: number): void {
    if (value >= atLeast) return;
    this.#break(`S5: ${what} of ${ledger} was ${value}; ${atLeast} was due`);
  }

  #break(violation: string): void {
    if (!this.#isStopped) this.violations.push(violation);
  }

  #hear(ledger: string, value: number): void {
    this.#heard.set(ledger, Math.max(this.#heard.get(ledger) ?? 0, value));
  }
}
