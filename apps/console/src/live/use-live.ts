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

/** Why actions are off, in a word or two; null while they are on. */
export function useOff(): string | null {
  const state = useLive((it) => it.connection.state);
  return mayAct(state) ? null : state.replace("-", " ");
}
