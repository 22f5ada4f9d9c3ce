import { promisify } from "node:util";
import { constants, gunzip, gzip } from "node:zlib";
import type { Keyframe, Pos, TapeMark, TapeStats } from "../wire/tape.ts";
import { compactKeyframe } from "./compact.ts";
import type { Segment } from "./tape-head.ts";

const zip = promisify(gzip);
const unzip = promisify(gunzip);

/** A keyframe as it is kept: gzip of JSON. */
export interface PackedKeyframe {
  readonly pos: Pos;
  readonly atMs: number;
  readonly frame: Buffer;
}

/** A segment as it is kept. */
export interface PackedSegment {
  readonly firstPos: Pos;
  readonly lastPos: Pos;
  readonly firstAtMs: number;
  readonly lastAtMs: number;
  readonly entries: Buffer;
  readonly stats: TapeStats;
  readonly marks: readonly TapeMark[];
}

/** What can be replayed from one keyframe to the next. */
export interface PackedReel {
  readonly keyframe: PackedKeyframe;
  readonly segments: readonly Pick<PackedSegment, "entries">[];
  readonly nextPos: Pos | null;
}

export async function packKeyframe(it: Keyframe): Promise<PackedKeyframe> {
  return { pos: it.pos, atMs: it.atMs, frame: await pack(compactKeyframe(it)) };
}

/** @param it has at least one entry. */
export async function packSegment({ entries, stats, marks }: Segment): Promise<PackedSegment> {
  const [first, last] = [entries[0], entries.at(-1)];
  if (first === undefined || last === undefined) throw new RangeError("A segment has no entry.");
  return {
    firstPos: first.pos,
    lastPos: last.pos,
    firstAtMs: first.atMs,
    lastAtMs: last.atMs,
    entries: await pack(entries),
    stats,
    marks,
  };
}

/** The JSON of a `SentReel`, put together as text: the server need not understand it to pass it on. */
export async function reelJson({ keyframe, segments, nextPos }: PackedReel): Promise<string> {
  const [frame, ...lists] = await Promise.all(
    [keyframe.frame, ...segments.map((it) => it.entries)].map(async (it) =>
      (await unzip(it)).toString("utf8"),
    ),
  );
  const entries = lists.map((it) => it.slice(1, -1)).join(",");
  return `{"keyframe":${frame},"entries":[${entries}],"nextPos":${nextPos}}`;
}

// Fast rather than small: a second of a busy cluster is packed between two of its batches.
const pack = (it: unknown): Promise<Buffer> =>
  zip(JSON.stringify(it), { level: constants.Z_BEST_SPEED });
