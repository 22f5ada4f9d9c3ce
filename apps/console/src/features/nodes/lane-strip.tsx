"use client";
import { useLayoutEffect, useRef } from "react";
import { live } from "../../live/use-live.ts";
import { Tokens } from "../../ui/tokens.ts";
import { themeEvent } from "../frame/theme.ts";
import { paintBead } from "../shards/cell-painter.ts";

const pitch = 14;
const rowHeight = 16;
const gap = 8;

/** One node's cells: owned first, then, after a gap, what it only believes. */
export function LaneStrip({ nodeId }: { readonly nodeId: string }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useLayoutEffect(() => {
    const element = canvas.current;
    const ctx = element?.getContext("2d");
    if (element === null || ctx == null) return;
    const tokens = new Tokens();
    let frame = 0;
    const paint = (): void => {
      frame = 0;
      paintStrip(element, ctx, tokens, nodeId);
    };
    const schedule = (): void => {
      frame ||= requestAnimationFrame(paint);
    };
    const observer = new ResizeObserver(schedule);
    observer.observe(element.parentElement ?? element);
    const stop = live.listen({
      cell: schedule,
      moved: (_flat, from, to) => (from === nodeId || to === nodeId) && schedule(),
      ghosts: (key) => key === nodeId && schedule(),
      reset: schedule,
    });
    window.addEventListener(themeEvent, schedule);
    // At once: a canvas without a height has one of its own, and what stands below would move.
    paint();
    return () => {
      stop();
      observer.disconnect();
      window.removeEventListener(themeEvent, schedule);
      cancelAnimationFrame(frame);
    };
  }, [nodeId]);
  return (
    <div className="px-(--gutter) pb-3">
      <canvas ref={canvas} className="block w-full" role="img" aria-label={`Shards of ${nodeId}`} />
    </div>
  );
}

function paintStrip(
  element: HTMLCanvasElement,
  ctx: CanvasRenderingContext2D,
  tokens: Tokens,
  nodeId: string,
): void {
  const { owned, verdicts } = live.mirror;
  const width = element.clientWidth;
  const columns = Math.max(1, Math.floor(width / pitch));
  const mine = owned.of(nodeId);
  const ghosts = verdicts.ghosts.of(nodeId);
  const ownedHeight = Math.max(1, Math.ceil(mine.length / columns)) * rowHeight;
  const ghostHeight =
    ghosts.length === 0 ? 0 : gap + Math.ceil(ghosts.length / columns) * rowHeight;
  const height = ownedHeight + ghostHeight;
  const scale = devicePixelRatio || 1;
  element.width = Math.round(width * scale);
  element.height = Math.round(height * scale);
  element.style.height = `${height}px`;
  ctx.setTransform(scale, 0, 0, scale, 0, 0);
  const boxAt = (index: number, top: number) => ({
    x: (index % columns) * pitch,
    y: top + Math.floor(index / columns) * rowHeight,
    w: pitch - 3,
    h: 12,
  });
  mine.forEach((flat, index) => {
    paintBead(ctx, boxAt(index, 0), verdicts.cellOf(flat), tokens);
  });
  ghosts.forEach((flat, index) => {
    paintBead(ctx, boxAt(index, ownedHeight + gap), verdicts.ghostOf(nodeId, flat), tokens);
  });
}
