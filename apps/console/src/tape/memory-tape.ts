import type { Pos, TapeMark } from "../wire/tape.ts";
import type { PackedKeyframe, PackedReel, PackedSegment } from "./pack.ts";
import type { At, TapeSource } from "./tape-source.ts";

interface MemoryReel {
  readonly keyframe: PackedKeyframe;
  readonly segments: PackedSegment[];
  bytes: number;
}

/**
 * The newest part of the tape: what is not in Postgres yet, and some before it, so that whoever looks at the last
 * minutes asks Postgres for nothing. Whole reels come and go, so each one can be replayed.
 */
export class MemoryTape implements TapeSource {
  #reels: MemoryReel[] = [];

  begin(keyframe: PackedKeyframe): void {
    this.#reels.push({ keyframe, segments: [], bytes: keyframe.frame.length });
  }

  append(segment: PackedSegment, keyframe: PackedKeyframe | null): void {
    const reel = this.#reels.at(-1);
    if (reel === undefined) throw new Error("A tape begins with a keyframe.");
    reel.segments.push(segment);
    reel.bytes += segment.entries.length;
    if (keyframe !== null) this.begin(keyframe);
  }

  clear(): void {
    this.#reels = [];
  }

  get first(): PackedKeyframe | null {
    return this.#reels[0]?.keyframe ?? null;
  }

  /** Forgets whole reels from the old end: those that are saved but for `keep`, then whatever is above `maxBytes`. */
  trim(savedPos: Pos, keep: number, maxBytes: number): void {
    let bytes = this.bytes();
    while (this.#reels.length > 1) {
      const [oldest, second] = this.#reels as [MemoryReel, MemoryReel];
      const isSaved = second.keyframe.pos <= savedPos && this.#reels.length > keep;
      if (!isSaved && bytes <= maxBytes) return;
      bytes -= oldest.bytes;
      this.#reels.shift();
    }
  }

  covers(at: At): boolean {
    const first = this.first;
    return first !== null && ("pos" in at ? at.pos >= first.pos : at.atMs >= first.atMs);
  }

  async reel(at: At): Promise<PackedReel | null> {
    const index = this.#reels.findLastIndex(({ keyframe: { pos, atMs } }) =>
      "pos" in at ? pos <= at.pos : atMs <= at.atMs,
    );
    const reel = this.#reels[index];
    if (reel === undefined) return null;
    const { keyframe, segments } = reel;
    const nextPos = this.#reels[index + 1]?.keyframe.pos ?? null;
    return { keyframe, segments: [...segments], nextPos };
  }

  /** Oldest first. */
  segments(): readonly PackedSegment[] {
    return this.#reels.flatMap((it) => it.segments);
  }

  async marks(from: Pos, direction: "next" | "previous", limit: number): Promise<TapeMark[]> {
    const all = this.segments().flatMap((it) => it.marks);
    return direction === "next"
      ? all.filter((it) => it.pos > from).slice(0, limit)
      : all
          .filter((it) => it.pos < from)
          .slice(-limit)
          .reverse();
  }

  bytes(): number {
    return this.#reels.reduce((sum, it) => sum + it.bytes, 0);
  }
}
