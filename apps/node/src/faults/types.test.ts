import { describe, expect, test } from "vitest";
import { faultKinds, faultRequestSchema } from "./types.ts";

describe("a fault request", () => {
  test("defaults to both directions and 30 seconds", () => {
    expect(faultRequestSchema.parse({ kind: "cut-link", peer: "node-2" })).toEqual({
      kind: "cut-link",
      peer: "node-2",
      direction: "both",
      ttlMs: 30_000,
    });
  });

  test("is refused with a ttl above ten minutes, without its peer, or with a field too many", () => {
    const refused = [
      { kind: "freeze", ttlMs: 600_001 },
      { kind: "cut-link" },
      { kind: "slow-postgres" },
      { kind: "pause", pid: 1 },
      { kind: "cut-postgres", direction: "sideways" },
      { kind: "crash-at" },
      { kind: "crash-at", step: "lunch" },
      { kind: "clock-step" },
      { kind: "clock-step", byMs: 86_400_001 },
    ];
    for (const request of refused) {
      expect(faultRequestSchema.safeParse(request).success, JSON.stringify(request)).toBe(false);
    }
  });

  test("has the kinds of this release", () => {
    expect(faultKinds).toEqual([
      "cut-link",
      "slow-link",
      "cut-postgres",
      "slow-postgres",
      "freeze",
      "pause",
      "crash",
      "crash-at",
      "clock-step",
    ]);
  });
});
