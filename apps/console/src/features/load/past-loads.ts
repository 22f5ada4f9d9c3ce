import { LoadHistory } from "../../live/load-history.ts";
import type { Outcome } from "../../live/send-command.ts";
import { stepMs, steps } from "../../live/series.ts";
import type { Reels } from "../../tape/reels.ts";
import { heatEveryMs, type Pos, type Reel } from "../../wire/tape.ts";

/** So many reels are read: the five minutes of a calm cluster are in one or two, of a busy one in more than is worth it. */
const reelsRead = 6;

export interface PastLoads {
  readonly loads: LoadHistory;
  readonly atMs: number;
  /** What was before was not recorded, or not read. @unit milliseconds since 1970 */
  readonly fromMs: number;
}

/** The load of the five minutes before a moment, from the tape. */
export async function readLoads(
  reels: Pick<Reels, "find">,
  { pos, atMs }: { readonly pos: Pos; readonly atMs: number },
): Promise<Outcome<PastLoads>> {
  const sinceMs = atMs - steps * stepMs;
  const read: Reel[] = [];
  for (let at = pos; read.length < reelsRead; ) {
    const outcome = await reels.find(at);
    if (!outcome.ok) return outcome;
    const reel = outcome.body;
    if (reel === null) break;
    read.unshift(reel);
    if (reel.keyframe.atMs <= sinceMs) break;
    at = reel.keyframe.pos - 1;
  }
  const fromMs = Math.max(sinceMs, read[0]?.keyframe.atMs ?? atMs);
  return { ok: true, body: { loads: loadsOf(read, pos), atMs, fromMs } };
}

function loadsOf(reels: readonly Reel[], untilPos: Pos): LoadHistory {
  const loads = new LoadHistory(undefined, heatEveryMs);
  for (const entry of reels.flatMap((it) => it.entries)) {
    if (entry.pos > untilPos) break;
    if (entry.tag === "belief") loads.hear([entry.node], entry.atMs);
    if (entry.tag === "heard") {
      const said = entry.nodes.map(({ load, ...it }) => ({ ...it, belief: { load } }));
      loads.hear(said, entry.atMs);
    }
  }
  return loads;
}
