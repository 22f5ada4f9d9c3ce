import { createStore } from "zustand/vanilla";
import type { LabRun } from "../wire/lab.ts";
import type { ActedFrame, Heartbeat, RelayMeta } from "../wire/relay-frames.ts";
import type { Pos } from "../wire/tape.ts";
import { type Connection, initialConnection } from "./connection.ts";
import type { NodeFault, Summary } from "./summary.ts";

/** A moment of the past that the pages show instead of the present. */
export interface Moment {
  readonly pos: Pos;
  /** By the clock of the console that recorded it. @unit milliseconds since 1970 */
  readonly atMs: number;
  /** Grows with each visit to the past: the pages begin anew with it. */
  readonly visit: number;
}

/** What React reads. The mirror itself never enters it: it changes a thousand times a second. */
export interface LiveState {
  readonly connection: Connection;
  readonly meta: RelayMeta | null;
  readonly summary: Summary | null;
  readonly heartbeat: Heartbeat | null;
  /** The run of the lab that goes on, or the last one. */
  readonly labRun: LabRun | null;
  /** The instant that the summary is of; ages are counted from it. In the past it stands. @unit milliseconds */
  readonly nowMs: number;
  /** Local clock of the last publication: for what is about this page and not about the cluster. @unit milliseconds */
  readonly clockMs: number;
  /** The moment that the pages show; null: the present. */
  readonly moment: Moment | null;
  /** Active now, also while the past is shown: healing is about the present. */
  readonly presentFaults: readonly NodeFault[];
  /** Null while the page follows the cluster. */
  readonly paused: Paused | null;
  /** Local clock: when the socket is tried again; null while it is open. @unit milliseconds */
  readonly retryAtMs: number | null;
  /** What was done lately, oldest first. */
  readonly acted: readonly Acted[];
}

export interface Acted extends ActedFrame {
  /** Local clock. @unit milliseconds */
  readonly atMs: number;
}

/** The page stands still on purpose. */
export interface Paused {
  /** Local clock. @unit milliseconds */
  readonly atMs: number;
  /** Log entries that came since. */
  readonly waiting: number;
}

export const createLiveStore = () =>
  createStore<LiveState>(() => ({
    connection: initialConnection,
    meta: null,
    summary: null,
    heartbeat: null,
    labRun: null,
    nowMs: 0,
    clockMs: 0,
    moment: null,
    presentFaults: [],
    paused: null,
    retryAtMs: null,
    acted: [],
  }));
