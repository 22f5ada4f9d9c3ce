import { expect, test } from "vitest";
import { isRenewalLate } from "./belief.ts";

test.each([
  // A sixth of a ttl and 400 ms after a renewal, which left nine tenths.
  [6000, 4000],
  [15_000, 10_600],
  // Half of a ttl, where 400 ms are more than there is room for.
  [1000, 500],
])(
  "with a ttl of %i ms a lease of which less than %i ms are left was to be renewed",
  (ttl, left) => {
    expect(isRenewalLate(left, ttl)).toBe(false);
    expect(isRenewalLate(left - 1, ttl)).toBe(true);
  },
);
