import type { Command } from "./commands.ts";

/** What an action is called in the audit, and what it is about. */
export interface ActionName {
  readonly kind: string;
  readonly subject: string;
}

/** One name for each thing that can be asked for: a new command does not compile without one. */
export function nameOf(it: Command): ActionName {
  switch (it.kind) {
    case "preview": {
      const subject = it.request.kind === "drain" ? it.request.node : it.request.kind;
      return { kind: "plan", subject };
    }
    case "plan":
      return { kind: `${it.verb}-plan`, subject: it.planId };
    case "node":
      return { kind: it.verb, subject: it.nodeId };
    case "unpin":
      return { kind: "unpin", subject: `${it.group}/${it.shard}` };
    case "scale":
      return { kind: "scale", subject: it.daemon };
    case "fault":
      return { kind: it.fault.kind, subject: it.nodeId };
    case "heal":
      return { kind: "heal", subject: it.nodeId };
    case "heal-all":
      return { kind: "heal-all", subject: "all nodes" };
    default:
      return it satisfies never;
  }
}

/** In the past, for "ana cordoned node-2". */
const done: Readonly<Record<string, string>> = {
  plan: "planned",
  "apply-plan": "applied plan",
  "pause-plan": "paused plan",
  "resume-plan": "resumed plan",
  "cancel-plan": "cancelled plan",
  "undo-plan": "planned the undo of",
  cordon: "cordoned",
  uncordon: "uncordoned",
  drain: "drains",
  unpin: "unpinned",
  scale: "scaled",
  "cut-link": "cut a link of",
  "cut-postgres": "cut from Postgres:",
  pause: "paused",
  crash: "crashed",
  heal: "healed a fault of",
  "heal-all": "healed",
  load: "set the load to",
  "sign-in": "signed in as",
};

/** What came of it, for one line: without the name of who did it. */
export function actedWords(
  { kind, subject }: ActionName,
  result: "done" | "failed" | "refused",
): string {
  if (result === "done") return `${done[kind] ?? kind} ${subject}`;
  return `${result === "failed" ? "tried" : "was refused"}: ${kind} ${subject}`;
}
