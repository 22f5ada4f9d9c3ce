import { type GlyphName, glyphPaths } from "../../ui/glyph-paths.ts";
import type { Tokens } from "../../ui/tokens.ts";
import type { MarkKind, TapeBar, TapeBucket } from "../../wire/tape.ts";
import { ticksOf, type Window, xOf } from "./bar.model.ts";

/** Below the line stand the times. */
const axisHeight = 14;
const markTop = 12;

const markLook: Readonly<Record<MarkKind, { readonly glyph: GlyphName; readonly tone: string }>> = {
  fault: { glyph: "diamond", tone: "warning" },
  healed: { glyph: "check", tone: "stable" },
  divergence: { glyph: "tri", tone: "danger" },
  violation: { glyph: "cross", tone: "danger" },
  death: { glyph: "cross", tone: "warning" },
  gap: { glyph: "dots", tone: "unknown" },
};

/** What the recording says; it is read again every few seconds. */
export interface BarPicture {
  readonly bar: TapeBar;
  readonly window: Window;
}

/** Where one is in it. Changes with each step. */
export interface BarPlace {
  /** Null is the present. */
  readonly cursorMs: number | null;
  readonly pinnedMs: number | null;
}

/** Draws the bar: how much happened, where something was wrong, where nobody looked. */
export function paintBar(
  context: CanvasRenderingContext2D,
  width: number,
  height: number,
  picture: BarPicture,
  tokens: Tokens,
): void {
  context.clearRect(0, 0, width, height);
  const base = height - axisHeight;
  paintBands(context, width, base, picture, tokens);
  paintEvents(context, width, base, picture, tokens.get("fg-2"));
  context.fillStyle = tokens.get("line-2");
  context.fillRect(0, base, width, 1);
  paintAxis(context, width, height, picture.window, tokens);
  for (const { atMs, kind } of picture.bar.marks) {
    const { glyph, tone } = markLook[kind];
    const x = xOf(atMs, picture.window, width);
    if (x < 0 || x > width) continue;
    paintGlyph(
      context,
      glyph,
      Math.min(Math.max(x - 4, 0), width - 8),
      1,
      8 / 12,
      tokens.get(`${tone}-mark`),
    );
  }
}

/** Draws above the bar what a step changes, so that a step need not draw the bar again. */
export function paintPlace(
  context: CanvasRenderingContext2D,
  width: number,
  height: number,
  picture: BarPicture,
  { cursorMs, pinnedMs }: BarPlace,
  tokens: Tokens,
): void {
  context.clearRect(0, 0, width, height);
  const base = height - axisHeight;
  const paint = (atMs: number, colour: string): void =>
    paintCursor(context, xOf(atMs, picture.window, width), width, base, tokens.get(colour));
  if (cursorMs !== null) {
    paintEvents(context, width, base, picture, tokens.get("history-mark"), cursorMs);
  }
  if (pinnedMs !== null) paint(pinnedMs, "fg-2");
  paint(cursorMs ?? picture.window.toMs, cursorMs === null ? "fg-0" : "history-mark");
}

function paintBands(
  context: CanvasRenderingContext2D,
  width: number,
  base: number,
  { bar, window }: BarPicture,
  tokens: Tokens,
): void {
  const w = width / Math.max(1, bar.buckets.length);
  for (const it of bar.buckets) {
    const x = xOf(it.fromMs, window, width);
    if (it.isGap) {
      context.fillStyle = tokens.get("line-2");
      // A gap is drawn as a gap: nothing is known there, and that is not calm.
      for (let y = base - 12; y < base; y += 4) context.fillRect(x, y, Math.max(1, w - 1), 1);
      continue;
    }
    const band = bandOf(it);
    if (band === null) continue;
    context.fillStyle = tokens.get(band);
    context.fillRect(x, markTop, w + 0.5, base - markTop);
  }
}

function bandOf(it: TapeBucket): string | null {
  if (it.danger > 0) return "danger-soft";
  return it.faults > 0 || it.divergent > 0 ? "warning-soft" : null;
}

function paintEvents(
  context: CanvasRenderingContext2D,
  width: number,
  base: number,
  { bar, window }: BarPicture,
  colour: string,
  untilMs: number = Number.POSITIVE_INFINITY,
): void {
  context.fillStyle = colour;
  const most = Math.max(1, ...bar.buckets.map((it) => it.events));
  const w = width / Math.max(1, bar.buckets.length);
  const room = base - markTop;
  for (const it of bar.buckets) {
    if (it.events === 0 || it.fromMs > untilMs) continue;
    // By the root: a burst must not make everything else flat.
    const height = Math.max(1, Math.sqrt(it.events / most) * room);
    context.fillRect(xOf(it.fromMs, window, width), base - height, Math.max(1, w - 1), height);
  }
}

function paintAxis(
  context: CanvasRenderingContext2D,
  width: number,
  height: number,
  window: Window,
  tokens: Tokens,
): void {
  context.font = `10px ${tokens.get("font-mono")}`;
  context.textBaseline = "bottom";
  context.textAlign = "left";
  for (const { atMs, label } of ticksOf(window, width)) {
    const x = xOf(atMs, window, width);
    context.fillStyle = tokens.get("line-3");
    context.fillRect(x, height - axisHeight, 1, 4);
    if (x > width - 34) continue;
    context.fillStyle = tokens.get("fg-2");
    context.fillText(label, x + 3, height - 1);
  }
}

function paintCursor(
  context: CanvasRenderingContext2D,
  x: number,
  width: number,
  base: number,
  colour: string,
): void {
  const at = Math.min(Math.max(x, 1), width - 1);
  context.fillStyle = colour;
  context.fillRect(at - 0.75, 0, 1.5, base + 3);
  context.beginPath();
  context.arc(at, base + 3, 3, 0, 7);
  context.fill();
}

function paintGlyph(
  context: CanvasRenderingContext2D,
  glyph: GlyphName,
  x: number,
  y: number,
  scale: number,
  colour: string,
): void {
  context.save();
  context.translate(x, y);
  context.scale(scale, scale);
  for (const [kind, path] of glyphPaths[glyph]) {
    const shape = new Path2D(path);
    context.lineWidth = 1.6;
    context.strokeStyle = colour;
    context.fillStyle = colour;
    if (kind === "fill") context.fill(shape);
    else context.stroke(shape);
  }
  context.restore();
}
