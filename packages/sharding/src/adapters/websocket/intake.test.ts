import { describe, expect, it } from "vitest";
import { systemClock } from "../system-clock.ts";
import { Intake } from "./intake.ts";

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Each frame is the list of its messages as JSON, and each message takes so long to dispatch. */
function intakeOf(costMs: number, react: (message: unknown) => void = () => undefined) {
  const said: string[] = [];
  const seen: unknown[] = [];
  let nowMs = 0;
  const intake: Intake = new Intake({
    clock: { ...systemClock, monotonicMs: () => nowMs },
    open: (frame) => JSON.parse(frame.toString()) as unknown[],
    dispatch: (message) => {
      seen.push(message);
      nowMs += costMs;
      react(message);
    },
    pause: () => said.push("pause"),
    resume: () => said.push("resume"),
  });
  return {
    said,
    seen,
    push: (...messages: readonly unknown[]) => intake.push(Buffer.from(JSON.stringify(messages))),
    finish: () => intake.finish(),
    drop: () => intake.drop(),
  };
}

describe("what a connection has read", () => {
  it("is dispatched at once, where that is short", () => {
    const { push, said, seen } = intakeOf(1);
    push(1, 2, 3);
    push();
    push(4);
    expect([seen, said]).toEqual([[1, 2, 3, 4], []]);
  });

  it("has its share of a turn, however many frames it comes in, and goes on in order", async () => {
    const { push, said, seen } = intakeOf(2);
    for (const first of [0, 2, 4, 6]) push(first, first + 1);
    expect([seen.length, said]).toEqual([3, ["pause"]]);
    await turn();
    // What is read meanwhile waits behind it.
    push(8);
    expect([seen.length, said]).toEqual([6, ["pause", "pause"]]);
    await turn();
    expect(seen).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    expect(said).toEqual(["pause", "pause", "resume"]);
    await turn();
    push(9);
    expect(seen.at(-1)).toBe(9);
  });

  const slow = () => {
    const made = intakeOf(3);
    made.push(1, 2, 3, 4, 5);
    made.push(6);
    expect(made.seen).toEqual([1, 2]);
    return made;
  };

  it("belongs to nobody once this side has ended the connection", async () => {
    const { push, drop, seen } = slow();
    drop();
    push(7);
    await turn();
    await turn();
    expect(seen).toEqual([1, 2]);
  });

  it("was said before the other side ended it, and is dispatched before that is heard", async () => {
    const { finish, seen, said } = slow();
    finish();
    expect(seen).toEqual([1, 2, 3, 4, 5, 6]);
    await turn();
    expect(said).toEqual(["pause"]);
  });

  it("ends with the message whose receiver ends the connection", () => {
    const made: ReturnType<typeof intakeOf> = intakeOf(0, (message) => {
      if (message === 2) made.drop();
    });
    made.push(1, 2, 3);
    expect(made.seen).toEqual([1, 2]);
  });
});
