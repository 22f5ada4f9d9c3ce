import type { z } from "zod/mini";
import { type LabRun, runFile } from "../../../wire/lab.ts";
import { numberOf, shortId } from "../run/run.model.ts";

/** A report is some tens of kilobytes; what is much larger is something else. @unit bytes */
export const fileLimit = 5_000_000;

/** A run as it is given to others. */
export const fileText = (run: LabRun): string =>
  `${JSON.stringify({ format: "leasehold-run", version: 1, run } satisfies z.infer<typeof runFile>, null, 1)}\n`;

export const fileName = (run: LabRun): string =>
  `leasehold-run-x${numberOf(run.scenario)}-${shortId(run.id)}.json`;

export type FileReading =
  | { readonly ok: true; readonly run: LabRun }
  /** In one sentence: what is wrong with the file, and where. */
  | { readonly ok: false; readonly why: string };

/** Reads a file that somebody gave away. Whatever is wrong with it, the first wrong thing is named. */
export function readRunFile(text: string): FileReading {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    return refuse(text.trim() === "" ? "The file is empty." : `It is not JSON: ${detail}.`);
  }
  const foreign = foreignness(value);
  if (foreign !== null) return refuse(foreign);
  const read = runFile.safeParse(value);
  if (!read.success) return refuse(issueSentence(read.error.issues, value));
  const wrong = contradiction(read.data.run);
  return wrong === null ? { ok: true, run: read.data.run } : refuse(wrong);
}

const refuse = (why: string): FileReading => ({ ok: false, why });

/** Another kind of file, or one of another time: said before its thousand missing fields are. */
function foreignness(value: unknown): string | null {
  const { format, version } = (value ?? {}) as { format?: unknown; version?: unknown };
  if (format !== "leasehold-run") {
    return `It is no run of a lab: its "format" is ${shown(format)}, not "leasehold-run".`;
  }
  if (version !== 1) {
    return `It is of version ${shown(version)}; this console reads version 1.`;
  }
  return null;
}

function issueSentence(issues: readonly z.core.$ZodIssue[], value: unknown): string {
  const [first] = issues;
  if (first === undefined) return "It is no run.";
  const place = first.path.map((it) => (typeof it === "number" ? `[${it}]` : `.${String(it)}`));
  const name = place.join("").replace(/^\./, "");
  const found = first.path.reduce<unknown>(
    (it, key) => (it as Record<PropertyKey, unknown> | null | undefined)?.[key],
    value,
  );
  const others = issues.length - 1;
  const more = others === 0 ? "" : ` And ${others} more ${others === 1 ? "is" : "are"} wrong.`;
  if (found === undefined) return `"${name}" is missing.${more}`;
  return `"${name}" is ${shown(found)}${expectation(first)}.${more}`;
}

function expectation(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case "invalid_type":
      return `, and has to be ${issue.expected === "int" ? "a whole number" : `of type ${issue.expected}`}`;
    case "invalid_value":
      return `, and has to be one of ${issue.values.map(String).join(", ")}`;
    case "too_small":
      return `, and has to be at least ${issue.minimum}`;
    case "too_big":
      return `, which is more than ${issue.maximum}`;
    case "invalid_format":
      return `, which is no ${issue.format}`;
    default:
      return ", which cannot be";
  }
}

/** A report that says two things: somebody has changed it, or a fault wrote it. */
function contradiction({ state, verdict, endedAt, invariants }: LabRun): string | null {
  if (state === "ended" && (verdict === null || endedAt === null)) {
    return `The run has ended, but it has no ${verdict === null ? "verdict" : "end"}.`;
  }
  if (verdict === null) return null;
  if (state === "running") return "The run goes on, but it has a verdict.";
  if (verdict.reasons.length === 0) return "The verdict has no reason.";
  if (verdict.tag !== "pass") return null;
  const broken = invariants.find((it) => it.verdict === "violated");
  if (broken !== undefined) return `The verdict is pass, but ${broken.id} was violated.`;
  const unseen = invariants.find((it) => it.essential && it.verdict !== "holds");
  if (unseen === undefined) return null;
  return `The verdict is pass, but ${unseen.id} was not observed, and there is no pass without it.`;
}

/** A value, short enough for a sentence. */
function shown(value: unknown): string {
  if (value === undefined) return "missing";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object" && value !== null) return "an object";
  const text = JSON.stringify(value);
  return text.length > 40 ? `${text.slice(0, 39)}…` : text;
}
