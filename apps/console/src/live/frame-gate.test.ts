import { describe, expect, test } from "vitest";
import { FrameGate } from "./frame-gate.ts";

function scene(limits?: ConstructorParameters<typeof FrameGate>[0]) {
  const gate = new FrameGate(limits);
  const applied: number[] = [];
  const frame = (id: number, entries = 1): void => gate.pass(entries, () => applied.push(id));
  return { gate, applied, frame };
}

describe("a paused page", () => {
  test("applies nothing until it goes on, and then everything in its order", () => {
    const { gate, applied, frame } = scene();
    frame(1);
    gate.hold();
    frame(2, 300);
    frame(3, 0);
    frame(4, 12);
    expect(applied).toEqual([1]);
    expect(gate.waiting).toBe(312);
    expect(gate.release()).toBe("applied");
    expect(applied).toEqual([1, 2, 3, 4]);
    frame(5);
    expect(applied).toEqual([1, 2, 3, 4, 5]);
    expect(gate.waiting).toBe(0);
  });

  test("that waits for too much asks again instead of keeping it, and still counts", () => {
    const { gate, applied, frame } = scene({ entries: 10 });
    gate.hold();
    frame(1, 8);
    frame(2, 8);
    frame(3, 8);
    expect(gate.waiting).toBe(24);
    expect(gate.release()).toBe("overfull");
    expect(applied).toEqual([]);
    frame(4);
    expect(applied).toEqual([4]);
  });

  test("that is left alone does not keep beliefs for ever, which count as nothing", () => {
    const { gate, applied, frame } = scene({ frames: 2 });
    gate.hold();
    for (const id of [1, 2, 3]) frame(id, 0);
    expect(gate.release()).toBe("overfull");
    expect(applied).toEqual([]);
  });

  test("keeps nothing of a line that was lost: the next one begins where the page stands", () => {
    const { gate, applied, frame } = scene();
    gate.hold();
    frame(1);
    gate.restart();
    frame(2);
    expect(gate.waiting).toBe(1);
    gate.release();
    expect(applied).toEqual([2]);
  });

  test("may be held twice without losing what waits", () => {
    const { gate, applied, frame } = scene();
    gate.hold();
    frame(1);
    gate.hold();
    gate.release();
    expect(applied).toEqual([1]);
  });
});
