/**
 * Ranks of a zipfian distribution by inversion, as YCSB draws its keys (Gray and others, "Quickly generating
 * billion-record synthetic databases", 1994): rank r comes with a likelihood in proportion to 1 / (r + 1)^theta.
 *
 * @param items how many ranks there are, from 0 on.
 * @param theta between 0 and 1, neither included; YCSB's is 0.99.
 * @returns the rank for a number drawn evenly from [0, 1).
 */
export function zipf(items: number, theta = 0.99): (drawn: number) => number {
  const zeta = sumTo(items, theta);
  const alpha = 1 / (1 - theta);
  const eta = (1 - (2 / items) ** (1 - theta)) / (1 - sumTo(2, theta) / zeta);
  return (drawn) => {
    // The curve is exact where the second rank begins and ends; the others lie close to it.
    if (drawn * zeta < 1) return 0;
    return Math.min(items - 1, Math.floor(items * (eta * drawn - eta + 1) ** alpha));
  };
}

/** The generalized harmonic number. */
function sumTo(items: number, theta: number): number {
  let sum = 0;
  for (let rank = 1; rank <= items; rank += 1) sum += 1 / rank ** theta;
  return sum;
}
