import { count, plural } from "../../live/say.ts";
import type { Keeps, YouFrame } from "../../wire/relay-frames.ts";
import { roleMeans } from "../session/role-means.ts";

/** Something that was set where this console was started. */
export interface Fact {
  readonly label: string;
  readonly value: string;
  readonly note: string;
  /** The environment variables that say so. */
  readonly setBy: readonly string[];
}

/** @param keeps null: nothing beyond its process. */
export function factsOf(you: YouFrame, keeps: Keeps | null): readonly Fact[] {
  return [whoIs(you), ...(keeps === null ? [nothingKept] : kept(keeps))];
}

function whoIs({ name, role, isOpen }: YouFrame): Fact {
  const [label, setBy] = ["You", ["LEASEHOLD_CONSOLE_TOKENS", "LEASEHOLD_CONSOLE_OIDC_ISSUER"]];
  if (!isOpen) return { label, value: `${name} · ${role}`, note: roleMeans[role], setBy };
  const note = "Nobody has to sign in, and only this machine gets here: whoever is on it may act.";
  return { label, value: `open · ${role}`, note, setBy };
}

const nothingKept: Fact = {
  label: "Recording and audit",
  value: "in memory",
  note: "This console has no database: what it remembers ends with it.",
  setBy: ["DATABASE_URL"],
};

const kept = ({ historyHours, historyMegabytes, auditDays }: Keeps): readonly Fact[] => [
  {
    label: "Recording",
    value: `${span(historyHours)}, ${count(historyMegabytes)} MB at most`,
    note: "What is older goes, and the oldest first where it is too much.",
    setBy: ["LEASEHOLD_CONSOLE_HISTORY_HOURS", "LEASEHOLD_CONSOLE_HISTORY_MB"],
  },
  {
    label: "Audit",
    value: plural(auditDays, "day"),
    note: "Who did what, and what was not allowed.",
    setBy: ["LEASEHOLD_CONSOLE_AUDIT_DAYS"],
  },
];

/** Two days or more in days, where they are whole ones. */
const span = (hours: number): string =>
  hours >= 48 && hours % 24 === 0 ? plural(hours / 24, "day") : plural(hours, "hour");
