import { plural } from "../../live/say.ts";
import type { MarkKind, TapeBar, TapeMark } from "../../wire/tape.ts";

/** What the bar can show at once. @unit milliseconds */
export const spans = [
  { ms: 60_000, label: "1 min" },
  { ms: 300_000, label: "5 min" },
  { ms: 900_000, label: "15 min" },
  { ms: 3_600_000, label: "1 h" },
  { ms: 21_600_000, label: "6 h" },
  { ms: 86_400_000, label: "24 h" },
] as const;

export interface Window {
  readonly fromMs: number;
  readonly toMs: number;
}

/** The stretch of time that the bar shows: up to now in the present; in the past it stands while the cursor is in it. */
export function windowFor(
  before: Window | null,
  spanMs: number,
  cursorMs: number | null,
  nowMs: number,
): Window {
  if (cursorMs === null) return { fromMs: nowMs - spanMs, toMs: nowMs };
  const isSame = before !== null && before.toMs - before.fromMs === spanMs;
  if (isSame && cursorMs >= before.fromMs && cursorMs <= before.toMs) return before;
  const toMs = Math.min(nowMs, cursorMs + spanMs / 2);
  return { fromMs: toMs - spanMs, toMs };
}

export const xOf = (atMs: number, { fromMs, toMs }: Window, width: number): number =>
  ((atMs - fromMs) / (toMs - fromMs)) * width;

export const timeAt = (x: number, { fromMs, toMs }: Window, width: number): number =>
  fromMs + (Math.min(Math.max(x, 0), width) / width) * (toMs - fromMs);

/** Full minutes and the like, as many as there is room for, with their words. */
export function ticksOf(
  { fromMs, toMs }: Window,
  width: number,
): { atMs: number; label: string }[] {
  const most = Math.max(1, Math.floor(width / 90));
  const steps = [5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400].map(
    (seconds) => seconds * 1000,
  );
  const stepMs = steps.find((it) => (toMs - fromMs) / it <= most) ?? 21_600_000;
  const ticks: { atMs: number; label: string }[] = [];
  for (let atMs = Math.ceil(fromMs / stepMs) * stepMs; atMs < toMs; atMs += stepMs) {
    ticks.push({ atMs, label: wallTime(atMs, stepMs < 60_000) });
  }
  return ticks;
}

/** `03:14`, `03:14:07`; by this machine's clock and zone. */
export function wallTime(atMs: number, withSeconds = true): string {
  const date = new Date(atMs);
  const two = (value: number): string => String(value).padStart(2, "0");
  const minutes = `${two(date.getHours())}:${two(date.getMinutes())}`;
  return withSeconds ? `${minutes}:${two(date.getSeconds())}` : minutes;
}

/** `03:14:07.221` */
export const wallTimeMs = (atMs: number): string =>
  `${wallTime(atMs)}.${String(Math.floor(atMs) % 1000).padStart(3, "0")}`;

/** How a bar looks in words, for those who do not see it. */
export function barText({ buckets, marks }: TapeBar): string {
  const events = buckets.reduce((sum, it) => sum + it.events, 0);
  const kinds = new Map<MarkKind, number>();
  for (const { kind } of marks) kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  const words = [...kinds].map(([kind, found]) => plural(found, ...kindWords[kind]));
  return [plural(events, "event"), ...words].join(", ");
}

const kindWords: Readonly<Record<MarkKind, readonly [string, string]>> = {
  fault: ["fault set", "faults set"],
  healed: ["fault ended", "faults ended"],
  divergence: ["divergence", "divergences"],
  violation: ["violation", "violations"],
  death: ["node declared dead", "nodes declared dead"],
  gap: ["gap in the recording", "gaps in the recording"],
};

/** The mark under the pointer, as far as a hand can aim. */
export function markAt(
  marks: readonly TapeMark[],
  x: number,
  window: Window,
  width: number,
): TapeMark | null {
  const near = marks
    .map((mark) => ({ mark, distance: Math.abs(xOf(mark.atMs, window, width) - x) }))
    .filter(({ distance }) => distance <= 6)
    .sort((a, b) => a.distance - b.distance);
  return near[0]?.mark ?? null;
}
