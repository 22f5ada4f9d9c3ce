import type { Clock } from "../ports/clock.ts";

/**
 * Boot time less monotonic time: constant while the machine does not sleep. Boot time runs on meanwhile, and the
 * monotonic clock does not. @unit milliseconds
 */
export const awakeMsOf = (clock: Clock): number => clock.bootMs() - clock.monotonicMs();

/** Whether the machine has slept since the two were `awakeMs` apart. @unit milliseconds */
export function hasSlept(clock: Clock, awakeMs: number, toleranceMs: number): boolean {
  return Math.abs(awakeMsOf(clock) - awakeMs) > toleranceMs;
}
