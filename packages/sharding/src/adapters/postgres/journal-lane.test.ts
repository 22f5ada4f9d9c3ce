import { beforeEach, describe, expect, test } from "vitest";
import type { Append } from "../../ports/journal.ts";
import type { JournalConnection, Prepared } from "./journal-connection.ts";
import { JournalLane } from "./journal-lane.ts";
import type { OutcomePruning } from "./outcome-pruning.ts";

const named = (name: string): Prepared => ({ name, text: name });
const sql = {
  ...{ one: named("one"), next: named("next"), many: named("many") },
  ...{ events: named("events"), timed: named("timed"), removal: "removal" },
};

const appendOf = (id: string, version: number, more: Partial<Append> = {}): Append => ({
  ...{ group: "g", shard: 1, namespace: "default", type: "t", id, version, epoch: 3 },
  ...{ incarnation: "i", commandId: "c", events: ["e"] },
  ...{ outcome: null, isRemoval: false, timers: null, ...more },
});
const outcome = { key: "k", bodyHash: "h", answer: 1, keepForMs: 1_000 };

describe("which statement an append goes by", () => {
  /** Each as it was sent, and what the server says of it. */
  let sent: string[];
  let answer: (name: string, values: readonly unknown[]) => object[];
  let lane: JournalLane;
  let seq: number;

  beforeEach(() => {
    sent = [];
    seq = 0;
    answer = (name, values) => {
      if (["one", "next", "many"].includes(name)) {
        seq += 1;
        return [{ before: [seq - 1] }];
      }
      const items = JSON.parse(values[0] as string) as { n: number }[];
      seq += items.length;
      return items.map(({ n }) => ({ n, result: "committed" }));
    };
    const connection = {
      query: async (_doing: string, statement: Prepared | string, values: unknown[]) => {
        const name = typeof statement === "string" ? statement : statement.name;
        sent.push(name);
        return answer(name, values);
      },
      run: async (_doing: string, { name }: Prepared, values: unknown[]) => {
        sent.push(name);
        return answer(name, values).length;
      },
    } as unknown as JournalConnection;
    const pruning = { after: () => undefined } as unknown as OutcomePruning;
    lane = new JournalLane(connection, sql, pruning);
  });

  test("the first looks the version up, the next ones do not, until something else was written", async () => {
    await lane.append(appendOf("x", 0));
    await lane.append(appendOf("x", 1));
    await lane.append(appendOf("y", 0));
    await lane.append(appendOf("x", 2));
    expect(sent.splice(0)).toEqual(["one", "next", "one", "next"]);
    await lane.append(appendOf("x", 3, { outcome }));
    await lane.append(appendOf("x", 4));
    await lane.append(appendOf("x", 5));
    expect(sent).toEqual(["events", "one", "next"]);
  });

  test("what an error leaves open is looked up again", async () => {
    await lane.append(appendOf("x", 0));
    const before = answer;
    answer = () => {
      throw new Error("the connection is gone");
    };
    await expect(lane.append(appendOf("x", 1))).rejects.toThrow("gone");
    answer = before;
    await lane.append(appendOf("x", 1));
    expect(sent).toEqual(["one", "next", "one"]);
  });

  test("what does not fit is judged by the statement that can tell why", async () => {
    const before = answer;
    answer = (name, values) => (name === "one" ? [] : before(name, values));
    expect(await lane.append(appendOf("x", 4))).toBe("committed");
    expect(sent).toEqual(["one", "events"]);
  });

  test("several events, and several appends, go together; with a key among them by the long one", async () => {
    await lane.append(appendOf("x", 0, { events: ["a", "b"] }));
    await Promise.all([lane.append(appendOf("y", 0)), lane.append(appendOf("z", 0))]);
    await Promise.all([lane.append(appendOf("y", 1)), lane.append(appendOf("z", 1, { outcome }))]);
    await Promise.all([lane.append(appendOf("y", 2)), lane.append(appendOf("z", 2, { epoch: 4 }))]);
    await lane.append(appendOf("w", 0, { isRemoval: true }));
    expect(sent).toEqual(["many", "many", "events", "events", "removal"]);
  });
});
