import {
  type KeyboardEvent,
  type PointerEvent,
  type RefObject,
  useEffect,
  useRef,
  useState,
} from "react";
import { Tokens } from "../../ui/tokens.ts";
import { themeEvent } from "../frame/theme.ts";
import { barText, markAt, timeAt, wallTimeMs, xOf } from "./bar.model.ts";
import { type BarPicture, paintBar } from "./bar-painter.ts";
import { leap, step, time, useTime } from "./time.ts";
import { useBar } from "./use-bar.ts";

const height = 44;
const bucketWidth = 4;

/** The bar itself: press or drag to go there, arrows to step. */
export function Track({ spanMs }: { readonly spanMs: number }) {
  const frame = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const width = useWidth(frame);
  const [hint, setHint] = useState<{ readonly x: number; readonly text: string } | null>(null);
  const cursor = useTime((it) => it.cursor);
  const pinnedMs = useTime((it) => it.pinned?.atMs ?? null);
  const reading = useBar(spanMs, Math.floor(width / bucketWidth));
  const cursorMs = cursor?.atMs ?? null;
  usePainted(canvas, width, reading === null ? null : { ...reading, cursorMs, pinnedMs });
  const xIn = (event: PointerEvent): number =>
    event.clientX - (frame.current?.getBoundingClientRect().left ?? 0);
  const seek = (x: number): void => {
    if (reading === null) return;
    const mark = markAt(reading.bar.marks, x, reading.window, width);
    const going =
      mark === null ? time.goToTime(timeAt(x, reading.window, width)) : time.goTo(mark.pos);
    going.catch((error: unknown) => time.fail(error));
  };
  const point = (event: PointerEvent): void => {
    const x = xIn(event);
    if (event.buttons === 1) seek(x);
    if (reading === null) return;
    const mark = markAt(reading.bar.marks, x, reading.window, width);
    const at = wallTimeMs(mark?.atMs ?? timeAt(x, reading.window, width));
    setHint({ x, text: mark === null ? at : `${at} ${mark.words}` });
  };
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
        seek(xIn(event));
      }}
      onPointerMove={point}
      onPointerLeave={() => setHint(null)}
      onKeyDown={onKey}
    >
      <canvas ref={canvas} />
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

function usePainted(
  canvas: RefObject<HTMLCanvasElement | null>,
  width: number,
  picture: BarPicture | null,
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
    if (!element || !context || picture === null || width === 0) return;
    const scale = window.devicePixelRatio;
    element.width = width * scale;
    element.height = height * scale;
    context.setTransform(scale, 0, 0, scale, 0, 0);
    paintBar(context, width, height, picture, new Tokens());
  }, [picture?.bar, picture?.cursorMs, picture?.pinnedMs, width, theme]);
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
