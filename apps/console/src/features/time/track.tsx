import {
  type KeyboardEvent,
  type PointerEvent,
  type RefObject,
  useEffect,
  useRef,
  useState,
} from "react";
import type { At } from "../../tape/tape-source.ts";
import { Tokens } from "../../ui/tokens.ts";
import { themeEvent } from "../frame/theme.ts";
import { barText, markAt, timeAt, wallTimeMs, xOf } from "./bar.model.ts";
import { paintBar, paintPlace } from "./bar-painter.ts";
import { leap, step, time, useTime } from "./time.ts";
import { useBar } from "./use-bar.ts";

const height = 44;
const bucketWidth = 4;
const tokens = new Tokens();

/** A hand that stands still for so long means this moment, and not one further on. @unit milliseconds */
const restMs = 60;

/** What stands under the pointer. */
interface Hint {
  readonly x: number;
  readonly text: string;
  readonly at: At;
}

/** The bar itself: press or drag to go there, arrows to step. */
export function Track({ spanMs }: { readonly spanMs: number }) {
  const frame = useRef<HTMLDivElement>(null);
  const bar = useRef<HTMLCanvasElement>(null);
  const place = useRef<HTMLCanvasElement>(null);
  const width = useWidth(frame);
  const [hint, setHint] = useState<Hint | null>(null);
  const cursor = useTime((it) => it.cursor);
  const pinnedMs = useTime((it) => it.pinned?.atMs ?? null);
  const reading = useBar(spanMs, Math.floor(width / bucketWidth));
  const cursorMs = cursor?.atMs ?? null;
  usePainted(bar, width, [reading], (it) => {
    if (reading !== null) paintBar(it, width, height, reading, tokens);
  });
  usePainted(place, width, [reading, cursorMs, pinnedMs], (it) => {
    const at = { cursorMs, pinnedMs };
    if (reading !== null) paintPlace(it, width, height, reading, at, tokens);
  });
  const xIn = (event: PointerEvent): number =>
    event.clientX - (frame.current?.getBoundingClientRect().left ?? 0);
  const aimAt = (x: number): Hint | null => {
    if (reading === null) return null;
    const mark = markAt(reading.bar.marks, x, reading.window, width);
    if (mark !== null)
      return { x, text: `${wallTimeMs(mark.atMs)} ${mark.words}`, at: { pos: mark.pos } };
    const atMs = timeAt(x, reading.window, width);
    return { x, text: wallTimeMs(atMs), at: { atMs } };
  };
  const point = (event: PointerEvent): void => {
    const aim = aimAt(xIn(event));
    if (event.buttons === 1) seek(aim);
    setHint(aim);
  };
  useEffect(() => {
    if (hint === null) return;
    const timer = setTimeout(() => time.expect(hint.at), restMs);
    return () => clearTimeout(timer);
  }, [hint]);
  const { fromMs = 0, toMs = 1 } = reading?.window ?? {};
  const nowMs = cursor?.atMs ?? toMs;
  return (
    <div
      ref={frame}
      className="time-track"
      role="slider"
      tabIndex={0}
      aria-label="Time"
      aria-valuemin={0}
      aria-valuemax={1000}
      aria-valuenow={Math.round(Math.min(1, Math.max(0, xOf(nowMs, { fromMs, toMs }, 1))) * 1000)}
      aria-valuetext={cursor === null ? "live" : wallTimeMs(cursor.atMs)}
      aria-description={reading === null ? undefined : barText(reading.bar)}
      data-testid="time-track"
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        seek(aimAt(xIn(event)));
      }}
      onPointerMove={point}
      onPointerLeave={() => setHint(null)}
      onKeyDown={onKey}
    >
      <canvas ref={bar} />
      <canvas ref={place} />
      {hint !== null && (
        <span
          className="time-hint"
          style={hint.x < width / 2 ? { left: hint.x + 8 } : { right: width - hint.x + 8 }}
        >
          {hint.text}
        </span>
      )}
    </div>
  );
}

function seek(aim: Hint | null): void {
  if (aim === null) return;
  const { at } = aim;
  const going = "pos" in at ? time.goTo(at.pos) : time.goToTime(at.atMs);
  going.catch((error: unknown) => time.fail(error));
}

function useWidth(frame: RefObject<HTMLElement | null>): number {
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const element = frame.current;
    if (element === null) return;
    const observer = new ResizeObserver(([entry]) =>
      setWidth(Math.floor(entry?.contentRect.width ?? 0)),
    );
    observer.observe(element);
    return () => observer.disconnect();
  }, [frame]);
  return width;
}

/** Draws again when something of `shown` is another one, the width or the theme. */
function usePainted(
  canvas: RefObject<HTMLCanvasElement | null>,
  width: number,
  shown: readonly unknown[],
  paint: (context: CanvasRenderingContext2D) => void,
): void {
  const [theme, setTheme] = useState(0);
  useEffect(() => {
    const repaint = (): void => setTheme((it) => it + 1);
    window.addEventListener(themeEvent, repaint);
    return () => window.removeEventListener(themeEvent, repaint);
  }, []);
  useEffect(() => {
    const element = canvas.current;
    const context = element?.getContext("2d");
    if (!element || !context || width === 0) return;
    const scale = window.devicePixelRatio;
    element.width = width * scale;
    element.height = height * scale;
    context.setTransform(scale, 0, 0, scale, 0, 0);
    paint(context);
  }, [...shown, width, theme]);
}

function onKey(event: KeyboardEvent): void {
  const actions: Readonly<Record<string, () => void>> = {
    ArrowLeft: () => step(-1),
    ArrowRight: () => step(1),
    PageUp: () => leap("previous"),
    PageDown: () => leap("next"),
    End: () => time.toPresent(),
  };
  const action = actions[event.key];
  if (action === undefined) return;
  event.preventDefault();
  action();
}
