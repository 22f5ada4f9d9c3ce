"use client";
import { useMemo } from "react";
import { useStore } from "zustand";
import { type Role, whyNot } from "../wire/roles.ts";
import { mayAct } from "./connection.ts";
import { type DivergenceList, type DivergenceQuestion, findDivergence } from "./differences.ts";
import { LiveCluster } from "./live-cluster.ts";
import { type SessionState, session } from "./session.ts";
import type { LiveState } from "./store.ts";
import type { Summary } from "./summary.ts";

/** One line to the relay for the whole application; pages come and go above it. */
export const live = new LiveCluster();
session.onSignedIn(() => live.retryNow());

export const useLive = <T>(select: (state: LiveState) => T): T => useStore(live.store, select);

export const useSummary = (): Summary | null => useLive((it) => it.summary);

/** What differs of one class or on one node, as often as the summary is made; null before there is one. */
export function useDivergence(
  { class: ofClass, nodeId }: DivergenceQuestion,
  limit: number,
): DivergenceList | null {
  const summary = useSummary();
  return useMemo(() => {
    if (summary === null) return null;
    const { nowMs } = live.store.getState();
    return findDivergence(live.mirror, summary.nodes, nowMs, { class: ofClass, nodeId }, limit);
  }, [summary, ofClass, nodeId, limit]);
}

/** Wall clock of what the pages show: now, or the moment of the past. @unit milliseconds since 1970 */
export function useWallNow(): number {
  const moment = useLive((it) => it.moment);
  useLive((it) => it.clockMs);
  return moment?.atMs ?? Date.now();
}

export const useSession = <T>(select: (state: SessionState) => T): T =>
  useStore(session.store, select);

/**
 * Why actions are off, in a few words; null while they are on.
 *
 * @param needs the least role for what the control does, from `commandNeeds`.
 */
export function useOff(needs: Role = "operator"): string | null {
  const state = useLive((it) => it.connection.state);
  const isPast = useLive((it) => it.moment !== null);
  const lacks = useLacks(needs);
  if (lacks !== null) return lacks;
  if (isPast) return "historical";
  return mayAct(state) ? null : state.replace("-", " ");
}

/** Why this role may not, in a few words; null where it may. For what works also while the page is old. */
export function useLacks(needs: Role): string | null {
  const role = useSession((it) => it.you?.role);
  return role === undefined ? null : whyNot(role, needs);
}
