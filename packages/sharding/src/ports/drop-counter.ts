import {
  type DropCounter,
  type DropReason,
  dropReasons,
  type Variant,
  variants,
} from "./transport.ts";

/** A counter with every pair of variant and reason at zero, so that a graph of it has no holes. */
export function createDropCounter(): DropCounter {
  const counts = new Map<string, { variant: Variant; reason: DropReason; count: number }>();
  for (const variant of variants) {
    for (const reason of dropReasons)
      counts.set(`${variant}/${reason}`, { variant, reason, count: 0 });
  }
  return {
    count(variant, reason) {
      const entry = counts.get(`${variant}/${reason}`);
      if (entry !== undefined) entry.count++;
    },
    snapshot: () => [...counts.values()].map((entry) => ({ ...entry })),
  };
}
