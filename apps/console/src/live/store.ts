import { createStore } from "zustand/vanilla";
import type { Heartbeat, RelayMeta } from "../wire/relay-frames.ts";
import { type Connection, initialConnection } from "./connection.ts";
import type { Summary } from "./summary.ts";

/** What React reads. The mirror itself never enters it: it changes a thousand times a second. */
export interface LiveState {
  readonly connection: Connection;
  readonly meta: RelayMeta | null;
  readonly summary: Summary | null;
  readonly heartbeat: Heartbeat | null;
  /** Local clock of the last publication; ages are counted from it. @unit milliseconds */
  readonly nowMs: number;
  /** Local clock: when the socket is tried again; null while it is open. @unit milliseconds */
  readonly retryAtMs: number | null;
}

export const createLiveStore = () =>
  createStore<LiveState>(() => ({
    connection: initialConnection,
    meta: null,
    summary: null,
    heartbeat: null,
    nowMs: 0,
    retryAtMs: null,
  }));
