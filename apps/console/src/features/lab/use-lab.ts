import { useEffect } from "react";
import { readLab } from "../../live/lab-calls.ts";
import { useLacks, useLive, useOff } from "../../live/use-live.ts";
import type { LabView } from "../../wire/lab.ts";
import { commandNeeds } from "../../wire/roles.ts";
import { type Answer, useAnswer } from "./use-answer.ts";

/** What a run touches changes with every move of a shard. @unit milliseconds */
const everyMs = 10_000;

/** What can be tried, and what was. Asked again when a run begins or ends, and from time to time. */
export function useLab(): Answer<LabView> {
  const run = useLive((it) => (it.labRun === null ? "" : `${it.labRun.id} ${it.labRun.state}`));
  const isOpen = useLive((it) => it.connection.isOpen);
  const answer = useAnswer<LabView>("lab", readLab);
  const { again } = answer;
  useEffect(() => {
    again();
    const timer = setInterval(() => document.visibilityState === "visible" && again(), everyMs);
    return () => clearInterval(timer);
  }, [again, run, isOpen]);
  return answer;
}

/** Why nothing can be broken now; null while it can be. */
export function useLabOff(): string | null {
  const off = useOff(commandNeeds.fault);
  const faultsOn = useLive((it) => it.meta?.faultsOn ?? false);
  return off ?? (faultsOn ? null : "faults are off in this cluster");
}

/**
 * Why nothing can be healed here; null while it can be. Healing goes on while the page is old: it asks less
 * than breaking does. A fault of the past is no fault any more.
 */
export function useHealOff(): string | null {
  const isPast = useLive((it) => it.moment !== null);
  const lacks = useLacks(commandNeeds.heal);
  return lacks ?? (isPast ? "historical" : null);
}
