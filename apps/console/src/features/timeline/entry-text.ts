import { daemonOf, type LogEntry } from "@leasehold/sharding/observe";
import { plural } from "../../live/say.ts";
import type { GlyphName } from "../../ui/glyph-paths.ts";
import type { Tone } from "../../ui/tone.ts";

/** A log entry as a row: who or what it is about, and the rest in a few words. */
export interface EntryText {
  readonly subject: string;
  readonly href: string | null;
  readonly detail: string;
  readonly glyph: GlyphName;
  readonly tone: Tone;
  readonly topic: Topic;
}

export type Topic = "ownership" | "membership" | "plans" | "coordinator";

type Kind = Readonly<{ glyph: GlyphName; tone: Tone; topic: Topic }>;
const kind = (glyph: GlyphName, tone: Tone, topic: Topic): Kind => ({ glyph, tone, topic });

const kinds: Readonly<Record<LogEntry["type"], Kind>> = {
  "coordinator-elected": kind("star", "warning", "coordinator"),
  "group-created": kind("plus", "unknown", "coordinator"),
  "group-scaled": kind("plus", "unknown", "coordinator"),
  "node-joined": kind("plus", "stable", "membership"),
  "node-draining": kind("slash", "handoff", "membership"),
  "node-drained": kind("slash", "unknown", "membership"),
  "node-restored": kind("plus", "stable", "membership"),
  "node-dead": kind("cross", "danger", "membership"),
  "node-evicted": kind("cross", "warning", "membership"),
  "node-cordoned": kind("lock", "unknown", "membership"),
  "node-uncordoned": kind("lock", "unknown", "membership"),
  "shard-assigned": kind("arrow", "handoff", "ownership"),
  "shard-hosted": kind("check", "stable", "ownership"),
  "shard-vacated": kind("ring", "warning", "ownership"),
  "handoff-began": kind("pie", "handoff", "ownership"),
  "shard-pinned": kind("lock", "unknown", "ownership"),
  "shard-unpinned": kind("lock", "unknown", "ownership"),
  "plan-proposed": kind("plus", "unknown", "plans"),
  "plan-state-changed": kind("arrow", "unknown", "plans"),
  "move-state-changed": kind("arrow", "unknown", "plans"),
};

export function entryText(entry: LogEntry): EntryText {
  return { ...kinds[entry.type], ...subjectOf(entry), detail: detailOf(entry) };
}

function subjectOf(entry: LogEntry): { readonly subject: string; readonly href: string | null } {
  if ("shard" in entry) {
    const name = `${entry.group}/${entry.shard}`;
    return { subject: name, href: `/shards/${entry.group}/${entry.shard}` };
  }
  if ("planId" in entry && entry.planId !== null) {
    return { subject: entry.planId, href: `/moves/plans/${encodeURIComponent(entry.planId)}` };
  }
  if ("nodeId" in entry) return { subject: entry.nodeId, href: `/nodes/${entry.nodeId}` };
  if (!("group" in entry)) return { subject: "", href: null };
  return { subject: entry.group, href: daemonOf(entry.group) === null ? null : "/daemons" };
}

const causes = {
  allocated: "allocated",
  handoff: "handed off",
  death: "its home died",
  abort: "handoff given up",
  eviction: "its home was evicted",
  "given-up": "its home gave it up",
};

function detailOf(entry: LogEntry): string {
  switch (entry.type) {
    case "coordinator-elected":
      return `coordinates, term ${entry.term}`;
    case "group-created":
      return entry.workers === undefined
        ? `${plural(entry.shards, "shard")}, ${entry.strategy}`
        : plural(entry.workers, "worker");
    case "group-scaled":
      return `scaled to ${plural(entry.workers, "worker")}`;
    case "node-joined":
      return [entry.address, entry.zone].filter((it) => it !== "").join(", ");
    case "node-dead":
      return `lease ended, proof: ${entry.proof}`;
    case "node-evicted":
      return `not reached by ${entry.unreachedBy.join(", ")}`;
    case "shard-assigned":
      return `→ ${entry.nodeId} e${entry.epoch}, ${causes[entry.cause]}`;
    case "shard-hosted":
      return `at ${entry.nodeId} e${entry.epoch}`;
    case "shard-vacated":
      return `no home: ${entry.why}`;
    case "handoff-began":
      return `${entry.nodeId} → ${entry.to.nodeId} e${entry.epoch}`;
    case "plan-proposed":
      return `${entry.kind} by ${entry.by}, ${plural(entry.moves.length, "move")}`;
    case "plan-state-changed":
      return entry.why === null ? entry.state : `${entry.state}: ${entry.why}`;
    case "move-state-changed":
      return `move ${entry.index + 1} ${entry.state}${entry.why === null ? "" : `: ${entry.why}`}`;
    default:
      return "";
  }
}

/** `03:14:07.221`, in the reader's own zone. */
export function clockTime(at: string): string {
  const date = new Date(at);
  const two = (value: number): string => String(value).padStart(2, "0");
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${String(date.getMilliseconds()).padStart(3, "0")}`;
}
