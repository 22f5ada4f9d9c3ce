/** Seeds that found something once. They run first. */
export const failedSeeds: readonly number[] = [
  // A machine that fell asleep within the millisecond after a look at its boot clock served on (S1).
  1040,
  1295,
];
