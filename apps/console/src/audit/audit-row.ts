import type { Role } from "../wire/roles.ts";

/** One of the two rows of an action. The names are those of the table. */
export interface AuditRow {
  readonly action: string;
  readonly phase: "intent" | "outcome";
  readonly at: Date;
  readonly actor: string;
  /** `none`: nobody was signed in. */
  readonly role: Role | "none";
  readonly kind: string;
  readonly subject: string;
  readonly body: unknown;
  readonly pos: number | null;
}
