import { useCallback, useEffect, useState } from "react";
import type { Outcome } from "../../live/send-command.ts";
import type { Problem } from "../../wire/commands.ts";

export interface Answer<T> {
  /** The last one that came for this question; null before the first. */
  readonly value: T | null;
  /** The last one that came, for whichever question: what may stay on the screen until the next one. */
  readonly last: T | null;
  /** Why the last asking failed; null once one is answered. */
  readonly problem: Problem | null;
  /** Asks again at once. */
  readonly again: () => void;
}

/**
 * Asks when the question changes and shows the last answer to it. Answers that were overtaken by a later
 * question are dropped.
 *
 * @param question tells one question from the next; null asks nothing.
 * @param afterMs waits so long before asking, for a question that is still being typed.
 */
export function useAnswer<T>(
  question: string | null,
  ask: () => Promise<Outcome<T>>,
  afterMs = 0,
): Answer<T> {
  const [turn, setTurn] = useState(0);
  const [state, setState] = useState<{
    readonly question: string | null;
    readonly value: T | null;
    readonly problem: Problem | null;
  }>({ question: null, value: null, problem: null });
  useEffect(() => {
    if (question === null) return;
    let isOver = false;
    const timer = setTimeout(() => {
      ask().then(
        (outcome) => {
          if (isOver) return;
          setState((before) => {
            if (outcome.ok) return { question, value: outcome.body, problem: null };
            const old = before.question === question ? before.value : null;
            return { question, value: old, problem: outcome.problem };
          });
        },
        // `call` tells a failure as an outcome; whatever else it is must not vanish.
        (error: unknown) => {
          const problem = { title: String(error), status: 0, code: "PAGE_FAILED" };
          if (!isOver) setState({ question, value: null, problem });
        },
      );
    }, afterMs);
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [question, turn, afterMs]);
  const again = useCallback(() => setTurn((it) => it + 1), []);
  const isCurrent = state.question === question;
  return {
    value: isCurrent ? state.value : null,
    last: state.value,
    problem: isCurrent ? state.problem : null,
    again,
  };
}
