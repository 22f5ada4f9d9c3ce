/**
 * State glyphs on a 12 x 12 grid, one set for SVG and canvas. Shapes differ for each state, so that hue
 * is never alone. `fill`, `line`, or `dash` (a line in dashes).
 */
export type GlyphPath = readonly ["fill" | "line" | "dash", string];

const ring = "M6 1.6a4.4 4.4 0 1 0 0 8.8a4.4 4.4 0 0 0 0-8.8z";

export const glyphPaths = {
  dot: [["fill", "M6 2.6a3.4 3.4 0 1 0 0 6.8a3.4 3.4 0 0 0 0-6.8z"]],
  check: [["line", "M2 6.4l2.8 2.9L10 3.2"]],
  pie: [
    ["line", ring],
    ["fill", "M6 6V2.6A3.4 3.4 0 0 1 6 9.4z"],
  ],
  leave: [["dash", ring]],
  ring: [["line", ring]],
  half: [
    ["line", ring],
    ["fill", "M6 1.6a4.4 4.4 0 0 0 0 8.8z"],
  ],
  tri: [["fill", "M6 1.1l5.3 9.6H.7z"]],
  dual: [
    ["fill", "M1 1h6v6H1z"],
    ["line", "M5 9.2v1.3h5.6V5H9"],
  ],
  clock: [
    ["line", ring],
    ["line", "M6 3.6V6.2l1.9 1.2"],
  ],
  dots: [["fill", "M.9 5h2v2h-2zM5 5h2v2H5zM9.1 5h2v2h-2z"]],
  zig: [["line", "M1 7.8l2.6-4.2 2.3 4.6L8.4 3.8 11 6.6"]],
  question: [
    ["line", "M3.7 4.1a2.3 2.3 0 1 1 3.4 2.1c-.8.4-1.1.8-1.1 1.6"],
    ["fill", "M5.2 9.4h1.6v1.5H5.2z"],
  ],
  agree: [["line", "M2.2 4.4h7.6M2.2 7.8h7.6"]],
  differ: [["line", "M2.2 4.4h7.6M2.2 7.8h7.6M8.3 1.4L3.9 10.8"]],
  cut: [
    ["line", "M3 1.8l5 6.4M9 1.8L4 8.2"],
    [
      "line",
      "M3 8.2a1.4 1.4 0 1 0 0 2.8a1.4 1.4 0 0 0 0-2.8zM9 8.2a1.4 1.4 0 1 0 0 2.8a1.4 1.4 0 0 0 0-2.8z",
    ],
  ],
  diamond: [["line", "M6 1.4L10.6 6 6 10.6 1.4 6z"]],
  past: [
    ["line", "M2.1 4.2A4.5 4.5 0 1 1 1.6 7"],
    ["line", "M1.4 1.6v3h3M6 3.8v2.6l1.8 1.1"],
  ],
  slow: [
    ["line", "M1.4 4.8c1.6-1.8 3-1.8 4.6 0s3 1.8 4.6 0M1.4 8.2c1.6-1.8 3-1.8 4.6 0s3 1.8 4.6 0"],
  ],
  pause: [["fill", "M3 2h2.1v8H3zM6.9 2H9v8H6.9z"]],
  cross: [["line", "M2.6 2.6l6.8 6.8M9.4 2.6L2.6 9.4"]],
  replay: [
    ["line", "M10.2 4.6A4.5 4.5 0 1 0 10.4 7"],
    ["line", "M10.6 1.8v3H7.6"],
  ],
  bolt: [["fill", "M7.2.8L2.2 6.9h3.2l-.7 4.3 5.1-6.3H6.5z"]],
  lock: [
    ["fill", "M2.2 5.4h7.6v5.4H2.2z"],
    ["line", "M4 5.4V3.8a2 2 0 0 1 4 0v1.6"],
  ],
  slash: [
    ["line", ring],
    ["line", "M3 9L9 3"],
  ],
  star: [["fill", "M6 .9l1.5 3.3 3.6.4-2.7 2.4.8 3.6L6 8.8 2.8 10.6l.8-3.6L.9 4.6l3.6-.4z"]],
  arrow: [["line", "M1.6 6h8.4M6.8 2.8L10 6 6.8 9.2"]],
  minus: [["line", "M2.5 6h7"]],
  plus: [["line", "M6 2.5v7M2.5 6h7"]],
  down: [["line", "M3 4.5L6 7.8 9 4.5"]],
  right: [["line", "M4.5 3L7.8 6 4.5 9"]],
} as const satisfies Record<string, readonly GlyphPath[]>;

export type GlyphName = keyof typeof glyphPaths;
