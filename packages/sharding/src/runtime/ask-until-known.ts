import { OutcomeUnknownError, ShardingError } from "../errors.ts";
import type { Clock } from "../ports/clock.ts";
import { pause } from "./pause.ts";

export interface KeyedCall<T> {
  readonly clock: Clock;
  /** From now. @unit milliseconds */
  readonly deadlineMs: number;
  /** One try. */
  readonly ask: (leftMs: number) => Promise<T>;
  /** No further try is worth it. */
  readonly isOver: () => boolean;
}

/** Between two tries. @unit milliseconds */
const retryMs = 20;

/**
 * Asks again, under an idempotency key, while the outcome of a try is unknown: the first answer is kept, so
 * asking again is safe, and the only way to learn it.
 *
 * A later try that says of itself "not executed" says nothing of the one before. Then, too, it is asked again,
 * and without an answer in time the call ends as unknown: told as not executed it might be sent a second time.
 *
 * @throws {OutcomeUnknownError} where a try was, and none after it had an answer. Else what the only try threw.
 */
export async function askUntilKnown<T>(call: KeyedCall<T>): Promise<T> {
  const { clock, deadlineMs, ask, isOver } = call;
  const endMs = clock.monotonicMs() + deadlineMs;
  let unknown: OutcomeUnknownError | null = null;
  for (;;) {
    try {
      return await ask(endMs - clock.monotonicMs());
    } catch (error) {
      if (error instanceof OutcomeUnknownError) unknown = error;
      else if (unknown === null || !isSilent(error)) throw error;
      if (isOver() || clock.monotonicMs() + retryMs >= endMs) throw unknown;
      await pause(clock, retryMs);
    }
  }
}

/** It does not say that the command has run. */
const isSilent = (error: unknown): boolean =>
  error instanceof ShardingError && error.executed !== "yes";
