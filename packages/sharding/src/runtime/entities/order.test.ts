import fc from "fast-check";
import { expect, test } from "vitest";
import { z } from "zod";
import { command, defineEntity } from "./definition.ts";
import { ExecutorHarness, turns } from "./executor-harness.ts";

/** One step of a history over a few entities. */
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("send" as const),
      entity: fc.integer({ min: 0, max: 2 }),
      how: fc.constantFrom("now", "later", "checked", "fails"),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("release" as const), which: fc.nat(20) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("cancel" as const), back: fc.nat(8) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("move" as const) }) },
);

/** Records what runs when; fails where two handlers of one entity overlap. */
class Site {
  readonly ran = new Map<string, number[]>();
  readonly gates: (() => void)[] = [];
  readonly busy = new Set<string>();
  readonly harness: ExecutorHarness;

  constructor() {
    const schema = z.object({ number: z.number() });
    this.harness = new ExecutorHarness([
      defineEntity("site", {
        state: () => ({ last: 0 }),
        commands: {
          now: command(schema, ({ entity }, { number }) => this.#run(entity.id, number)),
          later: command(schema, async ({ entity }, { number }) => {
            this.#run(entity.id, number);
            this.busy.add(entity.id);
            await this.#gate();
            this.busy.delete(entity.id);
          }),
          checked: command(
            schema.refine(async () => {
              await this.#gate();
              return true;
            }),
            ({ entity }, { number }) => this.#run(entity.id, number),
          ),
          fails: command(schema, ({ entity }, { number }) => {
            this.#run(entity.id, number);
            throw new Error("on purpose");
          }),
        },
      }),
    ]);
    this.harness.open();
  }

  #gate(): Promise<void> {
    return new Promise((resolve) => this.gates.push(resolve));
  }

  #run(id: string, number: number): void {
    expect(this.busy.has(id), `two commands of ${id} at once`).toBe(false);
    this.ran.set(id, [...(this.ran.get(id) ?? []), number]);
  }

  async release(which: number): Promise<void> {
    const [gate] = this.gates.splice(which % Math.max(this.gates.length, 1), 1);
    gate?.();
    await turns();
  }

  async releaseAll(): Promise<void> {
    while (this.gates.length > 0) await this.release(0);
  }
}

test("each entity runs its commands in order, one at a time, and answers each once (S8)", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const site = new Site();
      const { harness } = site;
      const sent: number[] = [];
      for (const at of steps) {
        if (at.do === "send") {
          const number = sent.length + 1;
          sent.push(harness.send("site", `e${at.entity}`, at.how, { number }));
        } else if (at.do === "release") await site.release(at.which);
        else if (at.do === "cancel") harness.cancel(sent.at(-1 - at.back) ?? 0);
        else await move(site);
      }
      await site.releaseAll();
      for (const [id, ran] of site.ran) {
        expect(ran, id).toEqual(ran.toSorted((a, b) => a - b));
      }
      expect(sent.filter((id) => harness.outcome(id) === "none")).toEqual([]);
      expect(harness.executor.stats()).toMatchObject({ waiting: 0, running: 0 });
    }),
    { numRuns: 300 },
  );
});

/** Hands the shard off, and takes it back under the next epoch. */
async function move(site: Site): Promise<void> {
  site.harness.drain(`h${site.harness.epoch}`);
  await site.releaseAll();
  expect(site.harness.about().at(-1)).toMatchObject({
    tag: "captured",
    epoch: site.harness.epoch,
  });
  site.harness.reopen(site.harness.epoch + 1);
}
