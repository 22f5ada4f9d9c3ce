import { describe, expect, test } from "vitest";
import { ManualClock } from "../../adapters/memory/manual-clock.ts";
import { WorkerOverError } from "../../errors.ts";
import {
  type DaemonContext,
  type DaemonNode,
  type DaemonSpec,
  defineDaemon,
} from "./definition.ts";
import { Worker } from "./worker.ts";

const never = new Promise<void>(() => undefined);

function begin(run: DaemonSpec["run"], clock = new ManualClock(), node = {} as DaemonNode) {
  let mayServe = true;
  const begun: DaemonContext[] = [];
  const worker = new Worker({
    definition: defineDaemon("d", {
      workers: 1,
      run: (context) => {
        begun.push(context);
        return run(context);
      },
    }),
    ...{ ref: { group: "daemon:d", shard: 0 }, epoch: 7, clock, node },
    guard: { mayServe: (_ref, epoch) => mayServe && epoch === 7 },
    workers: () => 1,
  });
  return {
    ...{ worker, clock, context: begun[0] as DaemonContext },
    lose: () => {
      mayServe = false;
    },
  };
}

const turn = () =>
  new Promise<void>((resolve) => {
    setImmediate(resolve);
  });

describe("one run of a worker", () => {
  test("is over as soon as the lease does not hold, whether anybody has told it or not", () => {
    const { context, lose } = begin(() => never);
    context.beat();
    lose();
    expect(context.signal.aborted).toBe(false);
    expect(() => context.beat()).toThrow(WorkerOverError);
    expect(context.signal.aborted).toBe(true);
  });

  test("has no further turn after it was stopped, and does not sleep on", async () => {
    let turns = 0;
    const { worker, context } = begin(async ({ ticks }) => {
      for await (const _ of ticks(60_000)) turns += 1;
    });
    await turn();
    worker.stop("enough");
    expect(await worker.ended).toBe("it returned");
    expect(turns).toBe(1);
    expect(context.signal.reason).toBeInstanceOf(WorkerOverError);
  });

  test("keeps its pace: what a turn takes is part of the pause", async () => {
    const at: number[] = [];
    const { clock, worker } = begin(async ({ ticks }) => {
      for await (const _ of ticks(100)) {
        at.push(clock.monotonicMs());
        const { promise, resolve } = Promise.withResolvers<void>();
        clock.after(30, resolve);
        await promise;
      }
    });
    for (let ms = 0; ms < 350; ms += 1) {
      await turn();
      clock.advance(1);
    }
    expect(at).toEqual([0, 100, 200, 300]);
    worker.stop("enough");
  });

  test.each([-1, Number.NaN, Number.POSITIVE_INFINITY, 86_400_001])(
    "ticks(%s) is refused",
    async (everyMs) => {
      const { worker } = begin(({ ticks }) => {
        ticks(everyMs);
      });
      expect(await worker.ended).toContain(`ticks(${everyMs})`);
    },
  );

  test("ends with what it follows, and says why, though its own program does not listen", async () => {
    const { promise: ended, reject } = Promise.withResolvers<void>();
    const asked: AbortSignal[] = [];
    const own = new AbortController();
    const node = {
      subscribe: async (_filter: unknown, _handle: unknown, options: { signal: AbortSignal }) => {
        asked.push(options.signal);
        return { ended, close: () => undefined, cursor: () => "" };
      },
    } as unknown as DaemonNode;
    const { worker, context } = begin(
      async ({ node: mine, ticks }) => {
        await mine.subscribe({}, () => undefined, { signal: own.signal });
        for await (const _ of ticks(10));
      },
      new ManualClock(),
      node,
    );
    await turn();
    reject(new Error("an event is unreadable"));
    expect(await worker.ended).toBe("what it follows ended: an event is unreadable");
    expect(context.signal.aborted).toBe(true);
    expect(asked[0]?.aborted, "with the worker's own signal beside the given one").toBe(true);
  });

  test("what is thrown without words ends it in words", async () => {
    const { worker } = begin(() => Promise.reject({ toString: null }));
    expect(await worker.ended).toContain("cannot be put in words");
  });
});

describe("silence", () => {
  const silent = () => {
    const { clock, worker, context } = begin(() => never);
    const lookAt = (ms: number): number => {
      clock.advance(ms - clock.monotonicMs());
      return worker.look(100);
    };
    return { context, lookAt };
  };

  test("adds up from look to look, and ends with a sign", () => {
    const { lookAt, context } = silent();
    expect([100, 200, 300].map(lookAt)).toEqual([100, 200, 300]);
    context.beat();
    expect(lookAt(400)).toBe(0);
    expect(lookAt(500)).toBe(100);
  });

  test("a look that comes late because the loop stood still counts as two that came in time", () => {
    expect([100, 10_100, 10_200].map(silent().lookAt)).toEqual([100, 300, 400]);
  });

  test("is broken by a pause of ticks", async () => {
    const { worker, clock } = begin(async ({ ticks }) => {
      for await (const _ of ticks(10_000));
    });
    await turn();
    clock.advance(5_000);
    expect(worker.look(100)).toBe(0);
    expect(worker.beatAgeMs).toBe(0);
    worker.stop("enough");
  });
});
