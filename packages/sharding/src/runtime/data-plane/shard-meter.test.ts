import { describe, expect, it } from "vitest";
import { loadWindowMs } from "../../core/load.ts";
import { ShardMeter } from "./shard-meter.ts";

const group = "default";
const at = (shard: number, epoch = 3) => ({ group, shard, epoch });

/** So many requests a second to a shard, evenly, from one time to another. */
function steady(
  meter: ShardMeter,
  shard: number,
  {
    from,
    to,
    perSecond,
    heldMs = 0,
  }: { from: number; to: number; perSecond: number; heldMs?: number },
): void {
  for (let i = 0; i < ((to - from) / 1_000) * perSecond; i += 1) {
    meter.record(group, shard, from + (i * 1_000) / perSecond, heldMs);
  }
}

function opened(...shards: readonly number[]): ShardMeter {
  const meter = new ShardMeter([{ group, shards: 100 }]);
  for (const shard of shards) meter.open(at(shard), 0);
  return meter;
}

const only = (meter: ShardMeter, nowMs: number) => meter.report(nowMs).shards[0];

describe("the meter of a home", () => {
  it.each([600, 1_000, 5_130, 60_000])(
    "says the rate of steady requests as it is, also %i ms after the shard was opened",
    (ms) => {
      const meter = opened(7);
      steady(meter, 7, { from: 0, to: ms, perSecond: 200, heldMs: 1.5 });
      const load = only(meter, ms);
      expect(load).toMatchObject({ ...at(7) });
      expect(Math.abs((load?.requests ?? 0) - 200)).toBeLessThan(2);
      expect(Math.abs((load?.busyMs ?? 0) - 300)).toBeLessThan(3);
    },
  );

  it("follows a change within a few windows, and forgets what has ended", () => {
    const meter = opened(7);
    steady(meter, 7, { from: 0, to: 60_000, perSecond: 10 });
    steady(meter, 7, { from: 60_000, to: 60_000 + loadWindowMs, perSecond: 110 });
    const part = (only(meter, 60_000 + loadWindowMs)?.requests ?? 0) / 110;
    expect(part).toBeGreaterThan(0.6);
    expect(part).toBeLessThan(0.75);
    expect(only(meter, 60_000 + 8 * loadWindowMs)?.requests).toBeLessThan(0.2);
  });

  it("does not make a rate of a thousand of one early request", () => {
    const meter = opened(7);
    meter.record(group, 7, 1, 0);
    expect(only(meter, 2)?.requests).toBeLessThanOrEqual(4);
  });

  it("begins anew when the shard comes back, and goes on when only its epoch rises", () => {
    const meter = opened(7);
    steady(meter, 7, { from: 0, to: 10_000, perSecond: 100 });
    meter.open(at(7, 4), 10_000);
    expect(only(meter, 10_000)?.epoch).toBe(4);
    expect(only(meter, 10_000)?.requests).toBeGreaterThan(98);
    meter.close(at(7));
    expect(meter.report(10_000)).toEqual({ shards: [], others: [] });
    meter.open(at(7, 6), 20_000);
    expect(only(meter, 21_000)).toEqual({ ...at(7, 6), requests: 0, busyMs: 0 });
  });

  it("names the hottest, by handler time and by count, and sums up the others", () => {
    const shards = Array.from({ length: 100 }, (_, shard) => shard);
    const meter = opened(...shards);
    for (const shard of shards) {
      steady(meter, shard, { from: 0, to: 20_000, perSecond: shard < 80 ? 2 : 5 });
    }
    steady(meter, 3, { from: 0, to: 20_000, perSecond: 1, heldMs: 9 });
    const { shards: named, others } = meter.report(20_000);
    expect(named).toHaveLength(64);
    expect(named[0]?.shard).toBe(3);
    expect(
      named
        .slice(1, 21)
        .map(({ shard }) => shard)
        .sort(),
    ).toEqual(shards.slice(80));
    expect(others).toMatchObject([{ group, count: 36, busyMs: 0 }]);
    expect(Math.abs((others[0]?.requests ?? 0) - 72)).toBeLessThan(2);
  });

  it("measures only the groups that it is given", () => {
    const meter = opened(7);
    meter.open({ group: "rooms", shard: 1, epoch: 1 }, 0);
    meter.record("rooms", 1, 10, 5);
    expect(meter.report(1_000).shards.map((load) => load.group)).toEqual([group]);
  });
});
