/** Seeds that found something once. They run first. */
export const failedSeeds: readonly number[] = [
  // A machine that fell asleep within the millisecond after a look at its boot clock served on (S1).
  1040,
  1295,
  // After a failover that lost assignments their homes served on beside new ones (S1).
  5036,
  // A node that led after those who had evicted it died never said that it had stopped (L1).
  401962,
  // An error of the check: a home that did not know yet that its epoch was lost counted against the next (S1).
  403796,
  // A node that woke up began a worker by an old order, under a fence that was over (S2).
  1100900, 1102006,
];
