import type { LogEntry } from "@leasehold/sharding/observe";
import { entryText, type Topic } from "./entry-text.ts";

/**
 * Reads `type:shard-* shard:172 node:node-2 epoch:41 seq:9`: every word must hold. A word that means nothing
 * is looked for in the row's own text. Null passes everything.
 */
export function parseEntryFilter(text: string): ((entry: LogEntry) => boolean) | null {
  const words = text
    .trim()
    .split(/\s+/)
    .filter((it) => it !== "");
  if (words.length === 0) return null;
  const tests = words.map(parseWord);
  return (entry) => tests.every((test) => test(entry));
}

function parseWord(word: string): (entry: LogEntry) => boolean {
  const field = /^(type|shard|node|epoch|plan|seq):(.+)$/.exec(word);
  if (field === null) return (entry) => textOf(entry).includes(word);
  const [, name = "", value = ""] = field;
  if (name === "type") {
    return value.endsWith("*")
      ? (entry) => entry.type.startsWith(value.slice(0, -1))
      : (entry) => entry.type === value;
  }
  if (name === "node") return (entry) => nodesOf(entry).includes(value);
  if (name === "shard") {
    return (entry) =>
      "shard" in entry &&
      (String(entry.shard) === value || `${entry.group}/${entry.shard}` === value);
  }
  if (name === "seq") return (entry) => String(entry.seq) === value;
  if (name === "plan") return (entry) => "planId" in entry && entry.planId === value;
  return (entry) => "epoch" in entry && String(entry.epoch) === value;
}

function textOf(entry: LogEntry): string {
  const { subject, detail } = entryText(entry);
  return `${entry.seq} ${entry.type} ${subject} ${detail}`;
}

function nodesOf(entry: LogEntry): string[] {
  const found: string[] = [];
  if ("nodeId" in entry) found.push(entry.nodeId);
  if (entry.type === "handoff-began") found.push(entry.to.nodeId);
  if (entry.type === "shard-assigned" && entry.carried !== null) {
    found.push(entry.carried.from.nodeId);
  }
  return found;
}

/** The entries that pass, newest first, up to a position; null has no upper end. */
export function visibleEntries(
  all: readonly LogEntry[],
  topics: ReadonlySet<Topic>,
  filter: ((entry: LogEntry) => boolean) | null,
  upToSeq: number | null,
): LogEntry[] {
  const found: LogEntry[] = [];
  for (let at = all.length - 1; at >= 0; at--) {
    const entry = all[at];
    if (entry === undefined || (upToSeq !== null && entry.seq > upToSeq)) continue;
    if (topics.has(entryText(entry).topic) && (filter === null || filter(entry))) found.push(entry);
  }
  return found;
}
