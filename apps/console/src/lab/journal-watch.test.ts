import { expect, test, vi } from "vitest";
import type { Head, JournalRow } from "./heads-watch.ts";
import { JournalWatch } from "./journal-watch.ts";

const away = new Error("Postgres is away.");

/** A head that is claimed at epoch 2 after its first look, and what the journal has then. */
function watchOf(rows: readonly JournalRow[] | null) {
  const epochs = [1, 2];
  const looks: (readonly Head[])[] = [];
  const close = vi.fn(async () => {});
  const reader = {
    heads: async () => {
      const epoch = epochs.shift();
      if (epoch === undefined) throw away;
      return [{ shard: "default/7", epoch, lastSeq: 0 }];
    },
    after: async () => {
      if (rows === null) throw away;
      return [...rows];
    },
    close,
  };
  const watch = new JournalWatch({
    ...{ reader, shards: [7], nowMs: () => 0, log: () => {} },
    looked: (heads) => looks.push(heads),
  });
  return { watch, looks, close };
}

const lookTwice = async (watch: JournalWatch): Promise<void> => {
  await watch.look();
  await watch.look();
};

test("an event that came after its head was claimed at a higher epoch breaks S4", async () => {
  const { watch, looks, close } = watchOf([{ shard: "default/7", shardSeq: 1, epoch: 1 }]);
  await lookTwice(watch);
  await watch.end();
  expect(watch.heads.breach).toContain("written under epoch 1, after its head was claimed at");
  expect(looks.flat().map((it) => it.epoch)).toEqual([1, 2]);
  expect(close).toHaveBeenCalledOnce();
});

test("a journal that cannot be read is said; heads that cannot are looked at again", async () => {
  const { watch, looks, close } = watchOf(null);
  await lookTwice(watch);
  await watch.look();
  await watch.end();
  expect(looks).toHaveLength(2);
  expect(watch.unread).toContain("the journal of shard default/7 could not be read");
  expect(close).toHaveBeenCalledOnce();
});
