import type { Look } from "../../../ui/tone.ts";
import type { LinkState } from "./links.model.ts";

export const linkLook: Readonly<Record<LinkState, Look>> = {
  cut: { word: "cut", glyph: "cut", tone: "warning" },
  slow: { word: "slow", glyph: "slow", tone: "warning" },
  up: { word: "up", glyph: "dot", tone: "stable" },
  down: { word: "down", glyph: "cross", tone: "warning" },
  unknown: { word: "not observed", glyph: "question", tone: "unknown" },
};
