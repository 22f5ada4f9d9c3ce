import type { Log } from "../relay/log.ts";
import { statementMs } from "../store/console-database.ts";
import type { ActedFrame } from "../wire/relay-frames.ts";
import type { AuditTable } from "./audit-table.ts";
import { outcomeSchema } from "./outcome-body.ts";

/** Two people at two consoles see each other within a second. @unit milliseconds */
const pollMs = 400;
const batchSize = 100;
/**
 * Ids are given before rows are committed: a lower one may appear after a higher one, but not later than a statement may
 * last. @unit milliseconds
 */
const lateMs = 2 * statementMs;

/** Tells what was done through other console processes: they write it into the same audit. */
export class FollowOthers {
  readonly #table: AuditTable;
  readonly #isOwn: (action: string) => boolean;
  readonly #tell: (frame: ActedFrame) => void;
  readonly #log: Log;
  /** Every row up to this one was seen; null before the first look. */
  #after: number | null = null;
  /** Rows above it that were seen, and when. @unit milliseconds */
  readonly #seenAtMs = new Map<number, number>();
  #timer: ReturnType<typeof setTimeout> | null = null;
  #isStopped = false;
  #isAway = false;

  constructor(
    table: AuditTable,
    {
      isOwn,
      tell,
      log,
    }: {
      readonly isOwn: (action: string) => boolean;
      readonly tell: (frame: ActedFrame) => void;
      readonly log: Log;
    },
  ) {
    this.#table = table;
    this.#isOwn = isOwn;
    this.#tell = tell;
    this.#log = log;
  }

  /** What is there already is history, and not told. */
  start(): void {
    if (this.#isStopped) return;
    this.#poll().then(
      () => {
        this.#isAway = false;
        this.#again();
      },
      (error: unknown) => {
        if (!this.#isAway) this.#log("warn", "others not followed", { error: String(error) });
        this.#isAway = true;
        this.#again();
      },
    );
  }

  stop(): void {
    this.#isStopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  #again(): void {
    if (!this.#isStopped) this.#timer = setTimeout(() => this.start(), pollMs);
  }

  async #poll(): Promise<void> {
    if (this.#after === null) {
      this.#after = await this.#table.lastId();
      return;
    }
    const seen = [...this.#seenAtMs.keys()];
    const rows = await this.#table.after(this.#after, seen, batchSize);
    const nowMs = performance.now();
    for (const [id, atMs] of this.#seenAtMs) {
      if (nowMs - atMs < lateMs) continue;
      this.#seenAtMs.delete(id);
      this.#after = Math.max(this.#after, id);
    }
    for (const row of rows) {
      this.#seenAtMs.set(row.id, nowMs);
      if (row.phase !== "outcome" || row.kind === "sign-in" || this.#isOwn(row.action)) continue;
      const { result } = outcomeSchema.parse(row.body);
      if (result === "refused") continue;
      const { action, actor, kind, subject } = row;
      const ageMs = Math.max(0, Date.now() - row.at.getTime());
      this.#tell({ action, actor, kind, subject, result, ageMs });
    }
  }
}
