import { expect, test } from "vitest";
import { ActionKeys } from "./action-keys.ts";

type Answer = "done" | "lost";

function setUp() {
  let nowMs = 0;
  let made = 0;
  const sent: { key: string; answer: (it: Answer) => void }[] = [];
  const keys = new ActionKeys<Answer>(
    () => nowMs,
    () => `key-${++made}`,
  );
  const press = (command: unknown, isNewEachTime = false) =>
    keys.once(
      command,
      (key) => new Promise((answer) => sent.push({ key, answer })),
      (it) => it === "lost",
      isNewEachTime,
    );
  const pass = (ms: number): void => {
    nowMs += ms;
  };
  return { press, sent, pass };
}

const cordon = { kind: "node", nodeId: "node-1", verb: "cordon" };

test("two presses at once are one request, and both get its answer", async () => {
  const { press, sent } = setUp();
  const both = [press(cordon), press({ ...cordon })];
  expect(sent).toHaveLength(1);
  sent[0]?.answer("done");
  expect(await Promise.all(both)).toEqual(["done", "done"]);
});

test("a press right after the answer has the same key, a later one its own", async () => {
  const { press, sent, pass } = setUp();
  const first = press(cordon);
  sent[0]?.answer("done");
  await first;
  pass(699);
  const second = press(cordon);
  expect(sent[1]?.key).toBe("key-1");
  sent[1]?.answer("done");
  await second;
  pass(701);
  void press(cordon);
  expect(sent[2]?.key).toBe("key-2");
});

test("after a lost answer the same press asks what became of the first", async () => {
  const { press, sent, pass } = setUp();
  const first = press(cordon);
  sent[0]?.answer("lost");
  await first;
  pass(30_000);
  void press(cordon);
  expect(sent[1]?.key).toBe("key-1");
});

test.each(["done", "lost"] as const)(
  "what is new each time has a key of its own right after an answer that is %s, and one while it is under way",
  async (answer) => {
    const { press, sent } = setUp();
    const heal = { kind: "heal-all" };
    const both = [press(heal, true), press(heal, true)];
    expect(sent).toHaveLength(1);
    sent[0]?.answer(answer);
    await Promise.all(both);
    void press(heal, true);
    expect(sent.map((it) => it.key)).toEqual(["key-1", "key-2"]);
  },
);

test("another command is another action", () => {
  const { press, sent } = setUp();
  void press(cordon);
  void press({ ...cordon, verb: "uncordon" });
  expect(sent.map((it) => it.key)).toEqual(["key-1", "key-2"]);
});
