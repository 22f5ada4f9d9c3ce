import type { DivergenceItem } from "../../live/differences.ts";
import type { NodeView } from "../../live/node-row.ts";
import { duration, plural, type Sentence, say } from "../../live/say.ts";
import type { Summary } from "../../live/summary.ts";
import type { GlyphName } from "../../ui/glyph-paths.ts";
import type { Tone } from "../../ui/tone.ts";

/** The page's first line: is it well, and if not, what is the worst of it. */
export interface OverallVerdict {
  readonly tone: Tone;
  readonly glyph: GlyphName;
  readonly title: string;
  readonly words: Sentence;
}

/** The worst thing first; each verdict is one sentence and what follows from it. */
export function judge(summary: Summary): OverallVerdict {
  return (
    dualServing(summary) ??
    staleServing(summary) ??
    unserved(summary) ??
    unwell(summary) ??
    moving(summary) ??
    well(summary)
  );
}

const itemsOf = (summary: Summary, it: DivergenceItem["class"]): readonly DivergenceItem[] =>
  summary.divergence.items.filter((item) => item.class === it);

function dualServing(summary: Summary): OverallVerdict | null {
  const total = summary.divergence.byClass.get("dual") ?? 0;
  const [first] = itemsOf(summary, "dual");
  if (first === undefined) return null;
  return {
    tone: "danger",
    glyph: "dual",
    title: `Broken: two nodes serve ${plural(total, "shard")}`,
    words: first.sentence,
  };
}

function staleServing(summary: Summary): OverallVerdict | null {
  const total = summary.divergence.byClass.get("stale-serving") ?? 0;
  const [first] = itemsOf(summary, "stale-serving");
  if (first === undefined) return null;
  return {
    tone: "danger",
    glyph: "tri",
    title: `At risk: ${first.nodeId} serves ${plural(total, "shard")} it no longer owns`,
    words: [
      ...first.sentence,
      " Nobody else serves them yet, so S1 holds; fences refuse its writes.",
    ],
  };
}

function unserved(summary: Summary): OverallVerdict | null {
  const lost = summary.cells.orphan + summary.cells["stale-idle"];
  if (lost === 0) return null;
  const [first] = [...itemsOf(summary, "orphan"), ...itemsOf(summary, "stale-idle")];
  const [dying] = summary.nodes.filter((it) => it.leaseState === "lost" && it.owned > 0);
  return {
    tone: "warning",
    glyph: "ring",
    title: `${plural(lost, "shard")} not served`,
    words:
      dying === undefined
        ? (first?.sentence ?? [])
        : say`${dying.nodeId} lost its lease and stopped. Postgres waits out the lease of ${duration(dying.leaseTtlMs)} before its ${plural(dying.owned, "shard")} get new homes.`,
  };
}

function unwell(summary: Summary): OverallVerdict | null {
  const ill = summary.nodes.filter((it) => !isWell(it));
  const [worst] = ill.toSorted((a, b) => rank(a) - rank(b));
  if (worst === undefined) return null;
  const rest = ill.length > 1 ? say` ${plural(ill.length - 1, "other node")} need a look too.` : [];
  return {
    tone: "warning",
    glyph: worst.condition === "cut" ? "cut" : worst.condition === "unknown" ? "question" : "clock",
    title: titleOf(worst),
    words: [...wordsOf(worst), ...rest],
  };
}

const isWell = (it: NodeView): boolean =>
  ["ready", "cordoned", "drained", "draining"].includes(it.condition) ||
  (it.condition === "dead" && it.owned === 0);

const rank = (it: NodeView): number =>
  ["cut", "reconnecting", "unknown", "evicted", "dead", "faulted"].indexOf(it.condition);

function titleOf(it: NodeView): string {
  if (it.condition === "cut") return `${it.nodeId} is cut from Postgres`;
  if (it.condition === "unknown") return `${it.nodeId} has not been heard`;
  if (it.condition === "reconnecting") return `${it.nodeId} does not hold its lease`;
  if (it.condition === "faulted")
    return `${it.nodeId} runs with ${plural(it.faults.length, "fault")}`;
  return `${it.nodeId} is ${it.condition}`;
}

function wordsOf(it: NodeView): Sentence {
  if (it.condition === "unknown") {
    return it.heardMsAgo === null
      ? say`This console never heard it. Postgres names it the owner of ${plural(it.owned, "shard")}.`
      : say`Its last word is ${duration(it.heardMsAgo)} old. Postgres names it the owner of ${plural(it.owned, "shard")}; whether it serves them is unknown.`;
  }
  if (it.condition === "faulted") {
    return say`${it.faults.map((fault) => fault.kind).join(", ")}; it ends by itself. Every shard is served by its owner.`;
  }
  if (it.leaseLeftMs === null) return [];
  return it.owned === 0
    ? say`Its lease is over and it serves nothing; its shards have new homes and are served there.`
    : say`It serves ${plural(it.owned, "shard")} until its lease ends by its own clock in ${duration(it.leaseLeftMs)}. Nothing has moved yet.`;
}

function moving(summary: Summary): OverallVerdict | null {
  const inFlight = summary.totals.handingOff + summary.totals.starting;
  if (inFlight === 0) return null;
  return {
    tone: "handoff",
    glyph: "pie",
    title: `${plural(inFlight, "shard")} on the move, all others served by their owner`,
    words: say`${summary.totals.handingOff} are being handed off, ${summary.totals.starting} start at their new home.`,
  };
}

function well(summary: Summary): OverallVerdict {
  const ready = summary.nodes.filter((it) => it.condition === "ready").length;
  const words = say`Every node believes what Postgres says. ${plural(ready, "node")} ready, ${summary.coordinator ?? "nobody"} coordinates in term ${summary.term}.`;
  if (summary.divergence.total > 0) {
    return {
      tone: "handoff",
      glyph: "dots",
      title: `${plural(summary.divergence.total, "belief")} not yet up to date`,
      words: summary.divergence.items[0]?.sentence ?? words,
    };
  }
  return {
    tone: "stable",
    glyph: "check",
    title: `All ${plural(summary.totals.total, "shard")} are served by their owner`,
    words,
  };
}
