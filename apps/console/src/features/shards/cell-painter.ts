import type { CellState } from "../../live/cell-state.ts";
import { type GlyphName, type GlyphPath, glyphPaths } from "../../ui/glyph-paths.ts";
import type { Tokens } from "../../ui/tokens.ts";
import { stateLook } from "../../ui/tone.ts";

export interface CellBox {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

/** A stable shard is the quiet mark; anything else fills its cell and changes its shape. */
export function paintBead(
  ctx: CanvasRenderingContext2D,
  box: CellBox,
  state: CellState,
  tokens: Tokens,
): void {
  const { x, y, w, h } = box;
  const { tone } = stateLook[state];
  const fill = tokens.get(`${tone}-fill`);
  if (state === "stable") {
    const inset = Math.round(h * 0.24);
    ctx.fillStyle = fill;
    ctx.fillRect(x, y + inset, w, h - 2 * inset);
    return;
  }
  if (state === "stale-serving" || state === "dual") {
    ctx.fillStyle = tokens.get("danger-edge");
    ctx.beginPath();
    ctx.moveTo(x + w / 2, y);
    ctx.lineTo(x + w, y + h);
    ctx.lineTo(x, y + h);
    ctx.fill();
    if (state === "dual") ctx.fillRect(x, y, w, 2);
    return;
  }
  const edge = tokens.get(`${tone}-edge`);
  ctx.strokeStyle = edge;
  ctx.lineWidth = 1;
  if (state === "handoff") {
    ctx.fillStyle = fill;
    ctx.fillRect(x, y, w / 2, h);
  }
  if (state === "leaving") ctx.setLineDash([1.5, 1.5]);
  ctx.strokeRect(x + 0.5, y + 0.5, w - 1, h - 1);
  ctx.setLineDash([]);
  paintInside(ctx, box, state, fill, edge);
}

/** What tells framed beads apart without their hue: an orphan's frame is empty. */
function paintInside(
  ctx: CanvasRenderingContext2D,
  { x, y, w, h }: CellBox,
  state: CellState,
  fill: string,
  edge: string,
): void {
  ctx.fillStyle = fill;
  if (state === "stale-idle") ctx.fillRect(x, y + h / 2, w, h / 2);
  if (state === "skew") {
    ctx.beginPath();
    ctx.moveTo(x, y + h);
    ctx.lineTo(x + w, y + h);
    ctx.lineTo(x + w, y);
    ctx.fill();
  }
  if (state === "unknown") {
    ctx.beginPath();
    ctx.moveTo(x + 1, y + h - 1);
    ctx.lineTo(x + w - 1, y + 1);
    ctx.stroke();
  }
  if (state === "unaware") {
    ctx.fillStyle = edge;
    ctx.fillRect(x + w / 2 - 1, y + h / 2 - 1, 2, 2);
  }
}

/** A numbered tile, for clusters small enough that every shard can have its name. */
export function paintTile(
  ctx: CanvasRenderingContext2D,
  box: CellBox,
  state: CellState,
  label: string,
  tokens: Tokens,
): void {
  const { x, y, w, h } = box;
  ctx.textAlign = "center";
  if (state === "stable") {
    ctx.fillStyle = tokens.get("stable-tile");
    ctx.fillRect(x, y, w, h);
    ctx.fillStyle = tokens.get("stable-fill");
    ctx.fillRect(x, y + h - 2, w, 2);
    ctx.fillStyle = tokens.get("stable-tile-on");
    ctx.font = tileFont(tokens, 10);
    ctx.textBaseline = "middle";
    ctx.fillText(label, x + w / 2, y + h / 2 - 0.5);
    return;
  }
  const { tone, glyph } = stateLook[state];
  const isHollow = hollow.has(state);
  ctx.fillStyle = tokens.get(isHollow ? `${tone}-soft` : `${tone}-fill`);
  ctx.fillRect(x, y, w, h);
  ctx.strokeStyle = tokens.get(`${tone}-edge`);
  ctx.lineWidth = 1;
  ctx.strokeRect(x + 0.5, y + 0.5, w - 1, h - 1);
  const ink = tokens.get(isHollow ? `${tone}-text` : `${tone}-on`);
  paintGlyph(ctx, glyph, x + w / 2 - 4, y + 2.5, 8, ink);
  ctx.fillStyle = ink;
  ctx.font = tileFont(tokens, 9);
  ctx.textBaseline = "alphabetic";
  ctx.fillText(label, x + w / 2, y + h - 3);
}

const hollow: ReadonlySet<CellState> = new Set(["unaware", "orphan", "unknown", "leaving"]);

const tileFont = (tokens: Tokens, size: number): string =>
  `${size}px ${tokens.get("font-geist-mono") || "monospace"}, monospace`;

const paths = new Map<string, Path2D>();

function paintGlyph(
  ctx: CanvasRenderingContext2D,
  name: GlyphName,
  x: number,
  y: number,
  size: number,
  colour: string,
): void {
  ctx.save();
  ctx.translate(x, y);
  ctx.scale(size / 12, size / 12);
  ctx.fillStyle = colour;
  ctx.strokeStyle = colour;
  ctx.lineWidth = 1.4;
  ctx.lineCap = "round";
  ctx.lineJoin = "round";
  const shape: readonly GlyphPath[] = glyphPaths[name];
  for (const [kind, d] of shape) {
    const path = paths.get(d) ?? new Path2D(d);
    paths.set(d, path);
    ctx.setLineDash(kind === "dash" ? [2.1, 1.9] : []);
    if (kind === "fill") ctx.fill(path);
    else ctx.stroke(path);
  }
  ctx.restore();
}
