import type { Outcome } from "../live/send-command.ts";
import type { Pos, Reel, SentReel, TapeBar, TapeMark, TapeState } from "../wire/tape.ts";
import { expandKeyframe } from "./compact.ts";

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
export async function readReel(
  at: { readonly pos: Pos } | { readonly atMs: number },
): Promise<Outcome<Reel>> {
  const query = "pos" in at ? { pos: at.pos } : { at: Math.round(at.atMs) };
  const outcome = await read<SentReel>("reel", query);
  if (!outcome.ok) return outcome;
  const { keyframe, ...rest } = outcome.body;
  return { ok: true, body: { ...rest, keyframe: expandKeyframe(keyframe) } };
}

/** The reel of a position, or null where none is kept: at the ends of the recording that is no failure. */
export async function findReel(pos: Pos): Promise<Outcome<Reel | null>> {
  const outcome = await read<SentReel | null>("find-reel", { pos });
  if (!outcome.ok || outcome.body === null) return outcome as Outcome<null>;
  const { keyframe, ...rest } = outcome.body;
  return { ok: true, body: { ...rest, keyframe: expandKeyframe(keyframe) } };
}

async function read<T>(
  route: string,
  query: Readonly<Record<string, string | number>>,
): Promise<Outcome<T>> {
  const search = new URLSearchParams(Object.entries(query).map(([key, it]) => [key, String(it)]));
  try {
    const response = await fetch(`/api/tape/${route}?${search}`);
    const body = await response.json();
    return response.ok ? { ok: true, body } : { ok: false, problem: body };
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    const problem = { title: "The console did not answer.", status: 0, code: "NO_ANSWER", detail };
    return { ok: false, problem };
  }
}
