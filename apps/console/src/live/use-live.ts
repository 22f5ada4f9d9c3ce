"use client";
import { useStore } from "zustand";
import { mayAct } from "./connection.ts";
import { LiveCluster } from "./live-cluster.ts";
import type { LiveState } from "./store.ts";
import type { Summary } from "./summary.ts";

/** One line to the relay for the whole application; pages come and go above it. */
export const live = new LiveCluster();

export const useLive = <T>(select: (state: LiveState) => T): T => useStore(live.store, select);

export const useSummary = (): Summary | null => useLive((it) => it.summary);

/** Wall clock of what the pages show: now, or the moment of the past. @unit milliseconds since 1970 */
export function useWallNow(): number {
  const moment = useLive((it) => it.moment);
  useLive((it) => it.clockMs);
  return moment?.atMs ?? Date.now();
}

/** Why actions are off, in a word or two; null while they are on. */
export function useOff(): string | null {
  const state = useLive((it) => it.connection.state);
  const isPast = useLive((it) => it.moment !== null);
  if (isPast) return "historical";
  return mayAct(state) ? null : state.replace("-", " ");
}
