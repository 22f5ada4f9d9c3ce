import type { Pos, TapeMark } from "../wire/tape.ts";
import type { PackedReel } from "./pack.ts";

/** A moment by its position, or the last one that was not later than a time. */
export type At = { readonly pos: Pos } | { readonly atMs: number };

/** Where a part of the tape can be read. */
export interface TapeSource {
  /** The reel that holds the moment; null where it begins later. */
  reel(at: At): Promise<PackedReel | null>;
  /** Nearest first. */
  marks(from: Pos, direction: "next" | "previous", limit: number): Promise<TapeMark[]>;
}
