import type { Clock } from "../ports/clock.ts";

/** @throws after `timeoutMs`, and tells the work through its signal. */
export async function withDeadline<T>(
  clock: Clock,
  timeoutMs: number,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const { promise, reject } = Promise.withResolvers<never>();
  const cancel = clock.after(timeoutMs, () => {
    const error = new Error(`no answer within ${Math.round(timeoutMs)} ms`);
    controller.abort(error);
    reject(error);
  });
  try {
    return await Promise.race([work(controller.signal), promise]);
  } finally {
    cancel();
  }
}
