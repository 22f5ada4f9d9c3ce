import fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";
import { ManualClock } from "../../adapters/memory/manual-clock.ts";
import { Grant } from "../grant.ts";
import { Serving } from "../serving.ts";
import { LaneGuard } from "./lane-guard.ts";
import { OwnershipTable } from "./ownership-table.ts";

const ttlMs = 1_000;
const groups = [
  { group: "default", shards: 3 },
  { group: "rooms", shards: 2 },
];
const refs = groups.flatMap(({ group, shards }) =>
  Array.from({ length: shards }, (_, shard) => ({ group, shard })),
);

/** The main thread's side and a lane's, over one memory. */
function scene() {
  const clock = new ManualClock();
  const table = OwnershipTable.create(groups);
  const serving = new Serving();
  serving.share(table);
  const guard = new LaneGuard(new OwnershipTable(table.shared), clock);
  const begin = () => {
    const grant = new Grant({ nodeId: "a", incarnation: "life" }, clock, ttlMs);
    serving.begin(grant);
    return grant;
  };
  return { clock, table, serving, guard, begin };
}

const ref = { group: "default", shard: 1 };

/** Does something right after the so-manieth access of its kind to shared memory. */
function duringWord(kind: "load" | "store" | "compareExchange", at: number, act: () => void) {
  const access = Atomics[kind] as (...args: unknown[]) => unknown;
  let count = 0;
  vi.spyOn(Atomics, kind).mockImplementation(((...args: unknown[]) => {
    const value = access(...args);
    count += 1;
    if (count === at) act();
    return value;
  }) as never);
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe("the shared table of ownership", () => {
  type Main = ReturnType<typeof scene> & { grant: Grant };
  type Op = (main: Main, epoch: number) => void;
  const someShard = fc.constantFrom(...refs);
  const op: fc.Arbitrary<Op> = fc.oneof(
    someShard.map(
      (at): Op =>
        ({ serving }, epoch) =>
          serving.open(at, epoch),
    ),
    someShard.map(
      (at): Op =>
        ({ serving }, epoch) =>
          serving.raise(at, epoch),
    ),
    someShard.map(
      (at): Op =>
        ({ serving }) =>
          serving.close(at),
    ),
    fc.integer({ min: 1, max: 1_500 }).map(
      (ms): Op =>
        ({ clock }) =>
          clock.advance(ms),
    ),
    fc.constant<Op>(({ grant, clock }) => grant.renewed(clock.monotonicMs())),
    fc.constant<Op>((main) => {
      main.grant = main.begin();
    }),
    fc.constant<Op>(({ grant, serving }) => {
      grant.end();
      serving.clear();
    }),
  );

  it("lets a lane serve what the main thread may serve, at each moment", async () => {
    await fc.assert(
      fc.property(fc.array(op, { maxLength: 40 }), (steps) => {
        const made = scene();
        const main: Main = { ...made, grant: made.begin() };
        for (const [index, step] of steps.entries()) {
          step(main, index + 1);
          const all = refs.flatMap((at) => Array.from(steps.keys(), (epoch) => ({ at, epoch })));
          for (const { at, epoch } of all) {
            expect(main.guard.mayServe(at, epoch)).toBe(main.serving.mayServe(at, epoch));
          }
        }
      }),
      { numRuns: 200 },
    );
  });

  /** What the main thread may do while a lane looks at one slot. */
  const writes: Record<string, (main: ReturnType<typeof scene>) => void> = {
    "is closed": ({ serving }) => serving.close(ref),
    "goes on under a higher epoch": ({ serving }) => serving.raise(ref, 6),
    "is closed and opened again": ({ serving }) => {
      serving.close(ref);
      serving.open(ref, 6);
    },
    "is opened over what was held": ({ serving }) => serving.open(ref, 6),
    "loses its lease": ({ serving }) => serving.clear(),
    "loses its lease and gets another": ({ serving, begin }) => {
      serving.clear();
      begin();
      serving.open(ref, 6);
    },
  };
  const epochs = [4, 5, 6];
  const cases = Object.entries(writes).flatMap(([name, write]) =>
    [0, ttlMs].map((passedMs) => ({ name, write, passedMs })),
  );

  /** Held since epoch 4, at epoch 5, and then so much time passes. */
  const heldScene = (passedMs: number) => {
    const made = scene();
    made.begin();
    made.serving.open(ref, 4);
    made.serving.raise(ref, 5);
    made.clock.advance(passedMs);
    return made;
  };

  it.each(cases)(
    "says to a lane what was so at a moment of its look, when after $passedMs ms the shard $name",
    ({ write, passedMs }) => {
      for (const epoch of epochs) {
        // After each of the words that the lane reads.
        for (let at = 1; at <= 6; at += 1) {
          const made = heldScene(passedMs);
          const { serving, guard } = made;
          const before = serving.mayServe(ref, epoch);
          duringWord("load", at, () => write(made));
          const said = guard.mayServe(ref, epoch);
          vi.restoreAllMocks();
          expect([before, serving.mayServe(ref, epoch)]).toContain(said);
        }
      }
    },
  );

  it.each(cases)(
    "never shows to a lane two holds at once, when after $passedMs ms the shard $name",
    ({ write, passedMs }) => {
      for (let at = 1; at <= 16; at += 1) {
        const made = heldScene(passedMs);
        const served = () => epochs.filter((epoch) => made.guard.mayServe(ref, epoch));
        const before = served();
        let between = before;
        // After each of the words that the main thread writes.
        for (const kind of ["store", "compareExchange"] as const) {
          duringWord(kind, at, () => {
            between = served();
          });
        }
        write(made);
        vi.restoreAllMocks();
        const isOf = (whole: readonly number[]) => between.every((epoch) => whole.includes(epoch));
        expect(isOf(before) || isOf(served())).toBe(true);
      }
    },
  );

  it("is not cleared by a late clear once the shard is held anew", () => {
    const { table, begin } = scene();
    begin();
    table.stamp(ref, 7, 7);
    table.clear(ref, 6);
    expect(table.holds(ref, 7, 0)).toBe(true);
    table.stamp(ref, 5, 5);
    expect([table.holds(ref, 7, 0), table.holds(ref, 5, 0)]).toEqual([true, false]);
    table.clear(ref, 7);
    expect(table.holds(ref, 7, 0)).toBe(false);
  });

  it("ends for a lane when its deadline passes, though the main thread is blocked and clears nothing", () => {
    const { clock, serving, guard, begin } = scene();
    const grant = begin();
    serving.open(ref, 1);
    clock.advance(899);
    expect(guard.mayServe(ref, 1)).toBe(true);
    clock.advance(1);
    expect(guard.mayServe(ref, 1)).toBe(false);
    grant.renewed(clock.monotonicMs());
    expect(guard.mayServe(ref, 1)).toBe(true);
  });

  it("ends for a lane when the machine has slept, before the main thread has looked", async () => {
    const { clock, serving, guard, begin } = scene();
    begin();
    serving.open(ref, 1);
    expect(guard.mayServe(ref, 1)).toBe(true);
    clock.suspend(ttlMs / 20 + 1);
    await Promise.resolve();
    expect(guard.mayServe(ref, 1)).toBe(false);
  });

  it("has no slots for groups that are not in lanes, and leaves them alone", () => {
    const { serving, guard, begin } = scene();
    begin();
    const worker = { group: "daemon:sweep", shard: 0 };
    serving.open(worker, 1);
    expect([serving.mayServe(worker, 1), guard.mayServe(worker, 1)]).toEqual([true, false]);
    expect(refs.map((shard) => guard.mayServe(shard, 1))).toEqual(refs.map(() => false));
  });

  it("refuses an epoch that fits into no slot", () => {
    const { table } = scene();
    expect(() => table.stamp(ref, 2 ** 31, 1)).toThrow(RangeError);
  });
});
