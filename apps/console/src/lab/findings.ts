import type { Invariant } from "../live/invariants.ts";
import type { RunInvariant, RunInvariantId } from "../wire/lab.ts";
import type { JournalWatch } from "./journal-watch.ts";
import type { Probe } from "./probe.ts";
import type { RunWatch } from "./run-watch.ts";

/** What a liveness check came to: null while it is not decided. */
export interface LivenessResult {
  readonly breach: string | null;
  readonly figure: string;
}

export interface Evidence {
  readonly watch: RunWatch;
  readonly probe: Probe;
  /** Null: this console has no database to read from. */
  readonly journal: Pick<JournalWatch, "heads" | "unread"> | null;
  readonly isEnded: boolean;
  readonly essential: ReadonlySet<RunInvariantId>;
  readonly liveness: ReadonlyMap<"L1" | "L2" | "L4", LivenessResult>;
}

type Judged = Pick<RunInvariant, "checks" | "breach" | "why"> & { readonly figure?: string };

const words: Readonly<Record<RunInvariantId, string>> = {
  S1: "one server per shard",
  S2: "epochs only rise",
  S3: "deposed writes fail",
  S4: "stale writes fenced",
  S5: "no acknowledged write lost",
  S6: "one handoff a shard",
  S7: "log without gaps",
  S8: "one answer per request",
  L1: "every shard has a home",
  L2: "one coordinator",
  L4: "balanced is still",
};

/** Each invariant as far as the run has come. */
export function invariantsOf(evidence: Evidence): RunInvariant[] {
  const { watch, probe } = evidence;
  const log = new Map(
    watch.mirror.invariants
      .verdicts({ everyShardServed: null, oneCoordinator: null })
      .map((it) => [it.id, it]),
  );
  const safety: readonly (readonly [RunInvariantId, Judged])[] = [
    ["S1", servedOnce(watch, probe)],
    ["S2", ofLog(log.get("S2"), watch)],
    ["S3", ofLog(log.get("S3"), watch)],
    ["S4", fenced(evidence)],
    ["S5", kept(evidence)],
    ["S6", ofLog(log.get("S6"), watch)],
    ["S7", ofLog(log.get("S7"), watch)],
    ["S8", answered(evidence)],
  ];
  return [
    ...safety.map(([id, it]) => toInvariant(id, it, evidence)),
    ...(["L1", "L2", "L4"] as const)
      .filter((id) => id !== "L4" || evidence.essential.has(id) || evidence.liveness.has(id))
      .map((id) => liveness(id, evidence)),
  ];
}

function servedOnce({ serves, gaps }: RunWatch, { ledger }: Probe): Judged {
  const checks = serves.checks + ledger.order.checks;
  const why = gaps.words[0] ?? serves.undecided[0] ?? (checks > 0 ? null : "no node was heard.");
  return { checks, breach: ledger.order.breach ?? serves.breach, why };
}

function ofLog(it: Invariant | undefined, { gaps }: RunWatch): Judged {
  const replaced = gaps.words.find((gap) => gap.includes("log was replaced"));
  return { checks: it?.checks ?? 0, breach: it?.breach ?? null, why: replaced ?? null };
}

function fenced({ journal, isEnded, probe }: Evidence): Judged {
  if (journal === null) {
    return {
      checks: 0,
      breach: null,
      why: "the console has no database to read the journal from.",
    };
  }
  const { heads, unread } = journal;
  const nothing = isEnded && heads.checks === 0 ? "the probe wrote nothing." : null;
  const why = unread ?? heads.gap ?? nothing ?? (isEnded ? probe.late.untried : null);
  return { checks: heads.checks, breach: heads.breach, why };
}

function kept({ probe, isEnded }: Evidence): Judged {
  const { ledger, unavailable } = probe;
  const nothing = isEnded && ledger.acknowledged === 0 ? "no deposit was acknowledged." : null;
  const checks = isEnded ? ledger.checks : ledger.acknowledged;
  return { checks, breach: ledger.breach, why: unavailable ?? ledger.unread ?? nothing };
}

function answered({ probe, isEnded }: Evidence): Judged {
  const { ledger, unavailable } = probe;
  const checks = ledger.calls - ledger.waiting;
  const nothing = isEnded && checks === 0 ? "nothing was asked." : null;
  return { checks, breach: ledger.vanished, why: unavailable ?? nothing };
}

function toInvariant(id: RunInvariantId, it: Judged, evidence: Evidence): RunInvariant {
  const { checks, breach, why } = it;
  const essential = evidence.essential.has(id);
  const isSilent = checks === 0 && !evidence.isEnded;
  const verdict =
    breach !== null ? "violated" : why !== null ? "not-observed" : isSilent ? "waits" : "holds";
  const figure = it.figure ?? checks.toLocaleString("en");
  return { ...{ id, words: words[id], essential, checks, figure }, ...{ verdict, breach, why } };
}

function liveness(id: "L1" | "L2" | "L4", evidence: Evidence): RunInvariant {
  const result = evidence.liveness.get(id);
  const common = { id, words: words[id], essential: evidence.essential.has(id) };
  if (result === undefined) {
    const verdict = evidence.isEnded ? ("not-observed" as const) : ("waits" as const);
    const why = evidence.isEnded ? "the run ended before." : null;
    const figure = evidence.isEnded ? "" : "waits for heal";
    return { ...common, ...{ verdict, checks: 0, figure, breach: null, why } };
  }
  const { breach, figure } = result;
  const verdict = breach === null ? "holds" : "violated";
  return { ...common, ...{ verdict, checks: 1, figure, breach, why: null } };
}
