import { useEffect, useRef, useState } from "react";
import type { Outcome } from "../../live/send-command.ts";
import { useLive } from "../../live/use-live.ts";
import { reels, time } from "../time/time.ts";
import { type PastLoads, readLoads } from "./past-loads.ts";

/** A played past moves on many times a second: it is read again no sooner than this. @unit milliseconds */
const everyMs = 250;

/** The load before the moment that the pages show; null before the first answer. */
export function usePastLoads(): Outcome<PastLoads> | null {
  const moment = useLive((it) => it.moment);
  const [found, setFound] = useState<Outcome<PastLoads> | null>(null);
  const latest = useRef(moment);
  latest.current = moment;
  useEffect(() => {
    let isOver = false;
    let timer: ReturnType<typeof setTimeout> | null = null;
    let readPos: number | null = null;
    const turn = async (): Promise<void> => {
      const at = latest.current;
      if (at !== null && at.pos !== readPos) {
        const outcome = await readLoads(reels, at);
        if (isOver) return;
        readPos = at.pos;
        setFound(outcome);
      }
      timer = setTimeout(run, everyMs);
    };
    const run = (): void => {
      turn().catch((error: unknown) => time.fail(error));
    };
    run();
    return () => {
      isOver = true;
      if (timer !== null) clearTimeout(timer);
    };
  }, []);
  return found;
}
