import type { GlyphName } from "../../ui/glyph-paths.ts";
import type { ExportColumn } from "../../ui/rows/export.model.ts";
import type { Tone } from "../../ui/tone.ts";
import type { AuditAction, AuditState, Facts } from "../../wire/audit-view.ts";

export interface FactChange {
  readonly name: string;
  readonly before: string;
  readonly after: string;
  readonly isChanged: boolean;
}

/** What an action changed, fact by fact; a fact that only one side knows stands beside a dash. */
export function changesOf(before: Facts | null, after: Facts | null): FactChange[] {
  const names = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])];
  return names.map((name) => {
    const [old, now] = [before?.[name], after?.[name]];
    const isChanged = old !== undefined && now !== undefined && old !== now;
    return { name, before: word(old), after: word(now), isChanged };
  });
}

/** The changes in one line, for a row: `cordoned no → yes`. */
export function changeText(action: AuditAction): string {
  const outcome = action.outcome;
  if (outcome === null) return "";
  if (outcome.result !== "done") return outcome.words ?? outcome.code ?? "";
  return changesOf(outcome.before, outcome.after)
    .filter((it) => it.isChanged)
    .map((it) => `${it.name} ${it.before} → ${it.after}`)
    .join(", ");
}

function word(value: Facts[string] | undefined): string {
  if (value === undefined || value === null) return "–";
  if (typeof value === "boolean") return value ? "yes" : "no";
  return String(value);
}

export type Result = "done" | "failed" | "refused" | "under way";

export const resultOf = (it: AuditAction): Result => it.outcome?.result ?? "under way";

export const resultLook: Readonly<
  Record<Result, { readonly glyph: GlyphName; readonly tone: Tone }>
> = {
  done: { glyph: "check", tone: "stable" },
  failed: { glyph: "cross", tone: "danger" },
  refused: { glyph: "lock", tone: "warning" },
  "under way": { glyph: "dots", tone: "handoff" },
};

/** What the list leaves out, in one sentence; null where it leaves out nothing. */
export function stateWords({ tag, waiting, lost, refusalsNotKept }: AuditState): string | null {
  const words: string[] = [];
  if (tag === "memory") words.push("This console has no Postgres: what stands here ends with it.");
  if (tag === "waiting") {
    words.push(
      `Postgres does not answer: ${waiting} rows wait for it, and older ones cannot be read.`,
    );
  }
  if (lost > 0) words.push(`${lost} rows found no room while it was away.`);
  if (refusalsNotKept > 0) words.push(`${refusalsNotKept} refusals came too fast to be kept.`);
  return words.length === 0 ? null : words.join(" ");
}

export const exported: readonly ExportColumn<AuditAction>[] = [
  { name: "at", of: (it) => it.at },
  { name: "actor", of: (it) => it.actor },
  { name: "role", of: (it) => it.role },
  { name: "kind", of: (it) => it.kind },
  { name: "subject", of: (it) => it.subject },
  { name: "result", of: resultOf },
  { name: "code", of: (it) => it.outcome?.code },
  { name: "changed", of: changeText },
  { name: "asked", of: (it) => JSON.stringify(it.asked) },
  { name: "position", of: (it) => it.pos },
  { name: "action", of: (it) => it.action },
];

/** Where everybody sees what was seen then; null where nothing was recorded. */
export const momentOf = (it: AuditAction): string | null =>
  it.pos === null ? null : `/?at=${it.pos}`;
