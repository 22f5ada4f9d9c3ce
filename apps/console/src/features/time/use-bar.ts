import { useEffect, useRef, useState } from "react";
import { useLive } from "../../live/use-live.ts";
import { readBar } from "../../tape/tape-client.ts";
import type { TapeBar } from "../../wire/tape.ts";
import { type Window, windowFor } from "./bar.model.ts";
import { time, useTime } from "./time.ts";

/** While the present is shown the bar is asked for when it moves by a bucket, but no sooner. @unit milliseconds */
const leastMs = 1000;

export interface BarReading {
  readonly window: Window;
  readonly bar: TapeBar;
}

/** The bar's window and what was recorded in it; null before the first answer. */
export function useBar(spanMs: number, buckets: number): BarReading | null {
  const cursorMs = useTime((it) => it.cursor?.atMs ?? null);
  const [reading, setReading] = useState<BarReading | null>(null);
  const window = useRef<Window | null>(null);
  const isHere = useLive((it) => it.connection.isOpen);
  const next = windowFor(window.current, spanMs, cursorMs, Date.now());
  // In the past the window stands, and what is in it was read already.
  const key = cursorMs === null ? "live" : `${next.fromMs} ${next.toMs}`;
  useEffect(() => {
    let isOver = false;
    let timer: ReturnType<typeof setTimeout> | null = null;
    const turn = async (): Promise<void> => {
      const wanted = windowFor(window.current, spanMs, cursorMs, Date.now());
      const outcome = document.hidden ? null : await readBar(wanted.fromMs, wanted.toMs, buckets);
      if (isOver) return;
      if (outcome?.ok) {
        window.current = wanted;
        setReading({ window: wanted, bar: outcome.body });
      }
      // The window of the past is complete once it is read; its right end may still grow.
      const everyMs = Math.max(leastMs, spanMs / buckets);
      timer = setTimeout(run, key === "live" ? everyMs : 10 * everyMs);
    };
    const run = (): void => {
      turn().catch((error: unknown) => time.fail(error));
    };
    if (isHere && buckets > 0) run();
    return () => {
      isOver = true;
      if (timer !== null) clearTimeout(timer);
    };
  }, [key, spanMs, buckets, isHere]);
  return reading;
}
