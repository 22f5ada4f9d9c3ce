import type { Role } from "./roles.ts";

/** What somebody did, or was not let: what `GET /api/audit` answers, newest first. */
export interface AuditPage {
  readonly actions: readonly AuditAction[];
  /** Pass it as `before` for what is older; null at the end. */
  readonly next: string | null;
  readonly state: AuditState;
}

export interface AuditState {
  /**
   * - `kept`: in Postgres.
   * - `waiting`: Postgres is away; the newest are kept in memory until it is back.
   * - `memory`: there is no Postgres for this console, and what it remembers ends with it.
   */
  readonly tag: "kept" | "waiting" | "memory";
  /** Rows that are not in Postgres yet. */
  readonly waiting: number;
  /** Rows that found no room while Postgres was away, since this console started. */
  readonly lost: number;
  /** Refusals that came faster than they are kept, since this console started. */
  readonly refusalsNotKept: number;
  /** @unit days */
  readonly keptDays: number;
}

export interface AuditAction {
  /** The key that joins both rows. */
  readonly action: string;
  /** ISO. */
  readonly at: string;
  readonly actor: string;
  /** Null: nobody was signed in. */
  readonly role: Role | null;
  /** For instance `cordon`, `apply-plan`, `fault-pause`, `sign-in`. */
  readonly kind: string;
  readonly subject: string;
  /** What was asked, as it was asked. */
  readonly asked: unknown;
  /** Position of the tape at that moment; null where nothing was recorded. */
  readonly pos: number | null;
  /** Null: it is under way, or its console ended before it did. */
  readonly outcome: AuditOutcome | null;
}

export interface AuditOutcome {
  /** `refused`: nothing was done, and nothing was asked of the cluster. */
  readonly result: "done" | "failed" | "refused";
  readonly at: string;
  readonly status: number;
  /** Of a failure or refusal. */
  readonly code: string | null;
  readonly words: string | null;
  /** The subject as it was and as it is, where that says something. */
  readonly before: Facts | null;
  readonly after: Facts | null;
}

export type Facts = Readonly<Record<string, string | number | boolean | null>>;
