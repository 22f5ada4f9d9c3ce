import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { LockName } from "../../ports/lease-session.ts";
import { lockKeyOf } from "./lock-key.ts";

describe("the key of a lock", () => {
  it("is frozen: nodes of two versions must exclude each other", () => {
    expect(lockKeyOf("leasehold_default", "coordinator")).toEqual([473235859, 465461961]);
    expect(lockKeyOf("leasehold_default", "node:node-1")).toEqual([1839935758, -1040663350]);
  });

  it("belongs to one lock of one cluster", () => {
    const keys = new Map<string, string>();
    for (let cluster = 0; cluster < 100; cluster += 1) {
      const names: LockName[] = ["coordinator"];
      for (let node = 0; node < 100; node += 1) names.push(`node:node-${node}`);
      for (const name of names) {
        const key = lockKeyOf(`leasehold_c${cluster}`, name).join();
        expect(keys.get(key)).toBeUndefined();
        keys.set(key, name);
      }
    }
  });

  it("fits into two signed integers of four bytes", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (schema, node) => {
        for (const half of lockKeyOf(schema, `node:${node}`)) expect(half | 0).toBe(half);
      }),
    );
  });
});
