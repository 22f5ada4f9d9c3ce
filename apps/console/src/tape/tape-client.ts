import { call, type Outcome } from "../live/send-command.ts";
import type { Pos, Reel, SentReel, TapeBar, TapeMark, TapeState } from "../wire/tape.ts";
import { expandKeyframe } from "./compact.ts";
import type { At } from "./tape-source.ts";

/** Asks the console's server for what was recorded. Never throws: no answer is a problem, too. */
export const readTapeState = (): Promise<Outcome<TapeState>> => read("state", {});

export const readBar = (from: number, to: number, buckets: number): Promise<Outcome<TapeBar>> =>
  read("bar", { from: Math.round(from), to: Math.round(to), buckets });

/** Nearest first. */
export const readMarks = (
  from: Pos,
  direction: "next" | "previous",
): Promise<Outcome<readonly TapeMark[]>> => read("marks", { from, direction, limit: 20 });

/** @param at a position, or the last one that was not later than a time. */
export async function readReel(at: At): Promise<Outcome<Reel>> {
  const query = "pos" in at ? { pos: at.pos } : { at: Math.round(at.atMs) };
  const outcome = await read<SentReel>("reel", query);
  return outcome.ok ? { ok: true, body: expandReel(outcome.body) } : outcome;
}

/** The reel of a position, or null where none is kept: at the ends of the recording that is no failure. */
export async function findReel(pos: Pos): Promise<Outcome<Reel | null>> {
  const outcome = await read<SentReel | null>("find-reel", { pos });
  if (!outcome.ok) return outcome;
  return { ok: true, body: outcome.body === null ? null : expandReel(outcome.body) };
}

const expandReel = ({ keyframe, ...rest }: SentReel): Reel => ({
  ...rest,
  keyframe: expandKeyframe(keyframe),
});

function read<T>(
  route: string,
  query: Readonly<Record<string, string | number>>,
): Promise<Outcome<T>> {
  const search = new URLSearchParams(Object.entries(query).map(([key, it]) => [key, String(it)]));
  return call("GET", `/api/tape/${route}?${search}`);
}
