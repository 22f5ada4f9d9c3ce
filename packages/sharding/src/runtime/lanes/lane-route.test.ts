import { describe, expect, it } from "vitest";
import { LaneRoute, lanesLimit } from "./lane-route.ts";

const laneCounts = Array.from({ length: lanesLimit - 1 }, (_, index) => index + 2);

describe("the route to a shard's lane", () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8])(
    "spreads the shards of a node that has every %i. one over 2 to 64 lanes",
    (stride) => {
      for (const lanes of laneCounts) {
        const route = new LaneRoute([{ group: "default", shards: 100_000 }], lanes);
        const counts = new Array<number>(lanes).fill(0);
        const each = 32;
        for (let turn = 0; turn < each * lanes; turn += 1) {
          const lane = route.laneOf({ group: "default", shard: turn * stride }) as number;
          counts[lane] = (counts[lane] as number) + 1;
        }
        expect(Math.min(...counts)).toBeGreaterThanOrEqual(each * 0.75);
        expect(Math.max(...counts)).toBeLessThanOrEqual(each * 1.25);
      }
    },
  );

  it("spreads groups of one shard over the lanes", () => {
    const groups = Array.from({ length: 64 }, (_, index) => ({ group: `g${index}`, shards: 1 }));
    const route = new LaneRoute(groups, 4);
    const counts = [0, 0, 0, 0];
    for (const { group } of groups) {
      const lane = route.laneOf({ group, shard: 0 }) as number;
      counts[lane] = (counts[lane] as number) + 1;
    }
    expect(Math.min(...counts)).toBeGreaterThanOrEqual(14);
  });

  it("knows no lane for a group that lives on the main thread", () => {
    const route = new LaneRoute([{ group: "default", shards: 4 }], 2);
    expect(route.laneOf({ group: "daemon:sweep", shard: 0 })).toBe(null);
  });
});
