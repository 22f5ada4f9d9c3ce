import type { CellState } from "../live/cell-state.ts";
import type { DivergenceClass } from "../live/classify.ts";
import type { ConnectionState } from "../live/connection.ts";
import type { NodeCondition } from "../live/node-row.ts";
import type { GlyphName } from "./glyph-paths.ts";

/** The roles that hue plays. */
export type Tone = "stable" | "handoff" | "warning" | "danger" | "unknown" | "history";

/** How a state looks wherever it appears: word, glyph and tone. */
export interface Look {
  readonly word: string;
  readonly glyph: GlyphName;
  readonly tone: Tone;
}

const look = (word: string, glyph: GlyphName, tone: Tone): Look => ({ word, glyph, tone });

export const stateLook: Readonly<Record<CellState | DivergenceClass, Look>> = {
  stable: look("stable", "dot", "stable"),
  agree: look("agree", "agree", "stable"),
  handoff: look("handoff", "pie", "handoff"),
  leaving: look("leaving", "leave", "handoff"),
  unaware: look("unaware", "dots", "handoff"),
  "stale-idle": look("stale-idle", "clock", "warning"),
  "stale-serving": look("stale-serving", "tri", "danger"),
  dual: look("dual", "dual", "danger"),
  orphan: look("orphan", "ring", "warning"),
  skew: look("skew", "zig", "warning"),
  unknown: look("unknown", "question", "unknown"),
};

export const nodeLook: Readonly<Record<NodeCondition, Look>> = {
  ready: look("ready", "dot", "stable"),
  reconnecting: look("reconnecting", "replay", "warning"),
  cut: look("cut from Postgres", "cut", "warning"),
  unknown: look("not heard", "question", "unknown"),
  draining: look("draining", "slash", "handoff"),
  drained: look("drained", "slash", "unknown"),
  evicted: look("evicted", "cross", "warning"),
  dead: look("dead", "cross", "danger"),
  cordoned: look("cordoned", "lock", "unknown"),
  faulted: look("faulted", "bolt", "warning"),
};

export const connectionLook: Readonly<Record<ConnectionState, Look>> = {
  loading: look("LOADING", "replay", "unknown"),
  live: look("LIVE", "dot", "stable"),
  "catching-up": look("CATCHING UP", "replay", "handoff"),
  lagging: look("LAG", "half", "warning"),
  stale: look("STALE", "clock", "warning"),
  offline: look("OFFLINE", "cross", "danger"),
};

/** The page shows a moment of the past. */
export const historicalLook: Look = look("HISTORICAL", "past", "history");

/** Written out, because the style sheet is made from the class names that appear in the source. */
export const markClass: Readonly<Record<Tone, string>> = {
  stable: "text-stable-mark",
  handoff: "text-handoff-mark",
  warning: "text-warning-mark",
  danger: "text-danger-mark",
  unknown: "text-unknown-mark",
  history: "text-history-mark",
};

export const textClass: Readonly<Record<Tone, string>> = {
  stable: "text-stable-text",
  handoff: "text-handoff-text",
  warning: "text-warning-text",
  danger: "text-danger-text",
  unknown: "text-unknown-text",
  history: "text-history-text",
};
