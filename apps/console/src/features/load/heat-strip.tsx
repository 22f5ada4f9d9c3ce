import { interpolateCividis } from "d3-scale-chromatic";
import { useEffect, useRef } from "react";
import { themeEvent } from "../frame/theme.ts";

/** So many shades: more cannot be told apart, and a table of them is made once. */
const shades = Array.from({ length: 64 }, (_, index) => interpolateCividis(index / 63));

/**
 * Five minutes as a strip, oldest left; the darker the less, and nothing where nobody was heard. A picture: the figures
 * stand beside it.
 */
export function HeatStrip(props: { readonly values: Float32Array; readonly most: number }) {
  const { values, most } = props;
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const element = canvas.current;
    const paper = element?.getContext("2d");
    if (element == null || paper == null) return;
    const draw = (): void => {
      element.width = values.length;
      element.height = 1;
      values.forEach((value, at) => {
        if (Number.isNaN(value)) return;
        paper.fillStyle = shades[Math.round(Math.min(1, value / most) * 63)] ?? "";
        paper.fillRect(at, 0, 1, 1);
      });
    };
    draw();
    window.addEventListener(themeEvent, draw);
    return () => window.removeEventListener(themeEvent, draw);
  }, [values, most]);
  return (
    <div className="heat-strip" aria-hidden="true">
      <canvas ref={canvas} className="block size-full" />
    </div>
  );
}

/** What the colours mean, in numbers. */
export function HeatLegend(props: { readonly most: number; readonly unit: string }) {
  const stops = [0, 0.25, 0.5, 0.75, 1].map((it) => interpolateCividis(it)).join(", ");
  return (
    <span className="flex items-center gap-1.5 text-fg-2" data-testid="heat-legend">
      <span className="n">0</span>
      <span
        className="h-2 w-24 rounded-[2px] border border-line-2"
        style={{ background: `linear-gradient(to right, ${stops})` }}
        aria-hidden="true"
      />
      <span className="n">{Math.round(props.most).toLocaleString("en-US")}</span> {props.unit}
    </span>
  );
}
