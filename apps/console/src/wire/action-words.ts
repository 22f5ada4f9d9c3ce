import type { Command, FaultRequest } from "./commands.ts";

type Of<Kind extends Command["kind"]> = Extract<Command, { kind: Kind }>;

/** Everything that can be asked for, as the audit calls it. */
export type ActionKind =
  | FaultRequest["kind"]
  | Of<"node">["verb"]
  | `${Of<"plan">["verb"]}-plan`
  | "plan"
  | "unpin"
  | "scale"
  | "heal"
  | "heal-all"
  | "load"
  | "start-run"
  | "stop-run"
  | "sign-in";

/** What an action is called in the audit, and what it is about. */
export interface ActionName {
  /** An {@link ActionKind}; of a request to no route at all its method and path. */
  readonly kind: string;
  readonly subject: string;
}

/** One name for each thing that can be asked for: a new command does not compile without one. */
export function nameOf(it: Command): ActionName & { readonly kind: ActionKind } {
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

/** In the past, for "ana cordoned node-2": a new action does not compile without its words. */
const done: Readonly<Record<ActionKind, string>> = {
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
  "slow-link": "slowed a link of",
  "slow-postgres": "slowed Postgres for",
  pause: "paused",
  freeze: "froze the loop of",
  crash: "crashed",
  "crash-at": "set a crash at a step of",
  "clock-step": "changed the clock of",
  heal: "healed a fault of",
  "heal-all": "healed",
  load: "set the load to",
  "start-run": "started the lab's",
  "stop-run": "stopped the run",
  "sign-in": "signed in as",
};

/** What came of it, for one line: without the name of who did it. */
export function actedWords(
  { kind, subject }: ActionName,
  result: "done" | "failed" | "refused",
): string {
  if (result === "done") return `${doneWords(kind)} ${subject}`;
  return `${result === "failed" ? "tried" : "was refused"}: ${kind} ${subject}`;
}

/** Rows of another version of this console may name what this one does not know. */
const doneWords = (kind: string): string =>
  Object.hasOwn(done, kind) ? done[kind as ActionKind] : kind;
