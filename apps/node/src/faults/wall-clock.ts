/**
 * Puts another wall clock under everything in this thread: `Date` is off by `shiftMs`, for whoever uses it, and the
 * monotonic clock and timers stay as they are. Leases are never counted by the wall clock; here that can be tried.
 *
 * Once per thread, before it is used; with a shift of 0 it is the true clock.
 *
 * @param shiftMs asked at each look at the clock.
 */
export function shiftWallClock(shiftMs: () => number): void {
  const True = globalThis.Date;
  const now = (): number => True.now() + shiftMs();
  function Shifted(...args: readonly unknown[]): Date | string {
    if (new.target === undefined) return new True(now()).toString();
    return Reflect.construct(True, args.length === 0 ? [now()] : args, new.target) as Date;
  }
  // What was made before is still a date, and what is made from now on is one for whoever has the true clock.
  Shifted.prototype = True.prototype;
  Object.setPrototypeOf(Shifted, True);
  Shifted.now = now;
  globalThis.Date = Shifted as unknown as DateConstructor;
}
