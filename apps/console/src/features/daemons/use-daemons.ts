import { useCallback, useEffect, useState, useSyncExternalStore } from "react";
import { readDaemons } from "../../live/send-command.ts";
import type { Problem } from "../../wire/commands.ts";
import type { DaemonsView } from "../../wire/daemons-view.ts";

/** From one answer to the next question. @unit milliseconds */
const everyMs = 2_000;

export interface DaemonsReading {
  /** The last one that came; null before the first. */
  readonly view: DaemonsView | null;
  /** Local clock, when it came. @unit milliseconds */
  readonly atMs: number;
  /** Why the last question was not answered. */
  readonly problem: Problem | null;
  /** Asks at once. */
  readonly again: () => void;
}

/**
 * How workers do does not travel to this page by itself: it asks, while somebody can see it. A view that has
 * come stays until the next one comes, and grows old.
 */
export function useDaemons(): DaemonsReading {
  const isVisible = useSyncExternalStore(onVisibility, isPageVisible, () => false);
  const [turn, setTurn] = useState(0);
  const [reading, setReading] = useState<Omit<DaemonsReading, "again">>(nothingYet);
  useEffect(() => {
    if (!isVisible) return;
    let isOver = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const look = async (): Promise<void> => {
      const outcome = await readDaemons();
      if (isOver) return;
      if (outcome.ok) setReading({ view: outcome.body, atMs: performance.now(), problem: null });
      else setReading((before) => ({ ...before, problem: outcome.problem }));
      timer = setTimeout(() => void look(), everyMs);
    };
    void look();
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [isVisible, turn]);
  const again = useCallback(() => setTurn((it) => it + 1), []);
  return { ...reading, again };
}

const nothingYet = { view: null, atMs: 0, problem: null };

function onVisibility(tell: () => void): () => void {
  document.addEventListener("visibilitychange", tell);
  return () => document.removeEventListener("visibilitychange", tell);
}

const isPageVisible = (): boolean => document.visibilityState === "visible";
