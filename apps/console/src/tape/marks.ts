import type { DivergenceClass } from "../live/classify.ts";
import { isDanger } from "../live/classify.ts";
import { isStanding, skewOf } from "../live/differences.ts";
import type { ClusterMirror } from "../live/mirror.ts";
import { viewNode } from "../live/node-row.ts";
import type { MarkKind, TapeStats } from "../wire/tape.ts";

/** What of a mirror is worth a mark when it changes. */
export interface Watched {
  /** Active faults: id to node and kind. */
  readonly faults: ReadonlyMap<string, { readonly nodeId: string; readonly kind: string }>;
  readonly dead: ReadonlySet<string>;
  readonly breaches: ReadonlyMap<string, string>;
  readonly stats: Omit<TapeStats, "events">;
}

export type Mark = {
  readonly kind: MarkKind;
  readonly subject: string;
  readonly words: string;
};

export const watchedNothing: Watched = {
  faults: new Map(),
  dead: new Set(),
  breaches: new Map(),
  stats: { faults: 0, divergent: 0, danger: 0, classes: {} },
};

export function watch(mirror: ClusterMirror, atMs: number): Watched {
  const dead = new Set<string>();
  for (const { nodeId, state, incarnation } of mirror.cluster?.nodes.values() ?? []) {
    if (state === "dead") dead.add(`${nodeId} ${incarnation}`);
  }
  const faults = activeFaults(mirror, atMs);
  const breaches = new Map(mirror.invariants.counts().breaches);
  return {
    faults,
    dead,
    breaches,
    stats: { faults: faults.size, ...countDivergences(mirror, atMs) },
  };
}

function activeFaults(mirror: ClusterMirror, atMs: number): Watched["faults"] {
  const faults = new Map<string, { readonly nodeId: string; readonly kind: string }>();
  for (const { nodeId, belief, heardAtMs } of mirror.sights.values()) {
    for (const { id, kind, expiresInMs } of belief.faults) {
      // A paused node says nothing while its fault runs out.
      if (heardAtMs + expiresInMs > atMs) faults.set(`${nodeId}/${id}`, { nodeId, kind });
    }
  }
  return faults;
}

function countDivergences(mirror: ClusterMirror, atMs: number): Omit<Watched["stats"], "faults"> {
  const classes: Partial<Record<DivergenceClass, number>> = {};
  let [divergent, danger] = [0, 0];
  for (const list of mirror.verdicts.divergences.values()) {
    for (const it of list) {
      classes[it.class] = (classes[it.class] ?? 0) + 1;
      if (isStanding(it, atMs)) divergent++;
      if (isDanger(it.class)) danger++;
    }
  }
  const skew = countSkews(mirror, atMs);
  if (skew > 0) classes.skew = skew;
  return { divergent: divergent + skew, danger, classes };
}

/** The first that differs where a node is cut off: what follows may be over within a tenth of a second. */
function countSkews(mirror: ClusterMirror, nowMs: number): number {
  let skews = 0;
  for (const row of mirror.cluster?.nodes.values() ?? []) {
    const sight = mirror.sights.get(row.nodeId);
    const owned = mirror.owned.of(row.nodeId).length;
    const nothing = { isCoordinator: false, believedOnly: 0, divergent: 0 };
    skews += skewOf(viewNode({ row, sight, owned, nowMs, ...nothing })).length;
  }
  return skews;
}

/** What happened between two looks, worst first. Pure. */
export function marksBetween(before: Watched, after: Watched): Mark[] {
  const marks: Mark[] = [];
  for (const [id, words] of newIn(after.breaches, before.breaches)) {
    marks.push({ kind: "violation", subject: id, words });
  }
  for (const life of after.dead) {
    if (before.dead.has(life)) continue;
    const [nodeId = ""] = life.split(" ");
    marks.push({ kind: "death", subject: nodeId, words: `${nodeId} was declared dead.` });
  }
  for (const [, { nodeId, kind }] of newIn(after.faults, before.faults)) {
    marks.push({ kind: "fault", subject: nodeId, words: `${kind} at ${nodeId} began.` });
  }
  for (const [, { nodeId, kind }] of newIn(before.faults, after.faults)) {
    marks.push({ kind: "healed", subject: nodeId, words: `${kind} at ${nodeId} ended.` });
  }
  const [was, is] = [before.stats, after.stats];
  if (is.danger > 0 && was.danger === 0) {
    marks.push(divergence(is.danger, "serve what they do not own"));
  } else if (is.divergent > 0 && was.divergent === 0) {
    marks.push(divergence(is.divergent, "differ from Postgres"));
  }
  return marks;
}

const newIn = <T>(map: ReadonlyMap<string, T>, other: ReadonlyMap<string, unknown>) =>
  [...map].filter(([key]) => !other.has(key));

const divergence = (count: number, what: string): Mark => ({
  kind: "divergence",
  subject: "",
  words: `${count === 1 ? "1 belief begins" : `${count} beliefs begin`} to ${what}.`,
});

/** The worst of both, as the bar shows a stretch of time. */
export function worstOf(a: Omit<TapeStats, "events">, b: Omit<TapeStats, "events">): typeof a {
  const classes: Partial<Record<DivergenceClass, number>> = { ...a.classes };
  for (const [it, count] of Object.entries(b.classes) as [DivergenceClass, number][]) {
    classes[it] = Math.max(classes[it] ?? 0, count);
  }
  return {
    faults: Math.max(a.faults, b.faults),
    divergent: Math.max(a.divergent, b.divergent),
    danger: Math.max(a.danger, b.danger),
    classes,
  };
}
