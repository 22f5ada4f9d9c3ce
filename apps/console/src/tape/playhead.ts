import type { Pos, Reel } from "../wire/tape.ts";
import { Replay } from "./replay.ts";

/** A replay that stands somewhere in a reel. */
export class Playhead {
  readonly replay = new Replay();
  #reelPos: Pos | null = null;

  /** Whether it comes there by going on: else it has to begin at the keyframe again, which costs the cluster's size. */
  leadsTo(reel: Reel, pos: Pos): boolean {
    return this.#reelPos === reel.keyframe.pos && pos >= this.replay.pos;
  }

  goTo(reel: Reel, pos: Pos): void {
    if (!this.leadsTo(reel, pos)) this.replay.restore(reel.keyframe);
    this.#reelPos = reel.keyframe.pos;
    this.replay.feed(reel.entries, pos);
  }
}
