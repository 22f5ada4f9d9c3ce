import { expect, test } from "vitest";
import { operationOf, type Workload, workloads } from "./workloads.ts";

test.each(Object.entries(workloads))(
  "workload %s has its shares, and they are all",
  (_, shares) => {
    const counts: Record<keyof Workload, number> = { read: 0, update: 0, readModifyWrite: 0 };
    for (let i = 0; i < 1_000; i += 1) counts[operationOf(shares, i / 1_000)] += 1;
    const expected = Object.fromEntries(
      Object.entries(shares).map(([operation, share]) => [operation, share * 1_000]),
    );
    expect(counts).toEqual(expected);
  },
);
