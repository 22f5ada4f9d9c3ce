import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { FaultyLinkGate } from "./link-gate.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A gate, and what it let through, as `peer direction channel frame`. */
function gateWithLog() {
  const gate = new FaultyLinkGate();
  const passed: string[] = [];
  const pass = (
    frame: string,
    peer = "node-2",
    direction: "in" | "out" = "out",
    channel = "data",
  ) => gate.pass(peer, direction, channel, () => passed.push(frame));
  return { gate, passed, pass };
}

describe("a link gate", () => {
  test("without faults passes at once", () => {
    const { passed, pass, gate } = gateWithLog();
    pass("1");
    expect(passed).toEqual(["1"]);
    expect(gate.canConnect("node-2")).toBe(true);
  });

  test("holds what goes in a cut direction, of that peer only, and delivers it in order on heal", () => {
    const { gate, passed, pass } = gateWithLog();
    const heal = gate.cut("node-2", "out");
    for (const frame of ["1", "2", "3"]) pass(frame);
    pass("from node-2", "node-2", "in");
    pass("to node-3", "node-3");
    expect(passed).toEqual(["from node-2", "to node-3"]);
    heal();
    expect(passed.slice(2)).toEqual(["1", "2", "3"]);
    pass("4");
    expect(passed.at(-1)).toBe("4");
  });

  test("refuses connecting while any direction is cut, and says when that changes", () => {
    const { gate } = gateWithLog();
    const seen: boolean[] = [];
    const stop = gate.onChange(() => seen.push(gate.canConnect("node-2")));
    const heals = [gate.cut("node-2", "in"), gate.cut("node-2", "both")];
    for (const heal of heals) heal();
    stop();
    gate.cut("node-2", "out");
    expect(seen).toEqual([false, false, false, true]);
  });

  test("stays shut until the last of two cuts has ended", () => {
    const { gate, passed, pass } = gateWithLog();
    const [first, second] = [gate.cut("node-2", "both"), gate.cut("node-2", "out")];
    pass("1");
    first();
    expect(passed).toEqual([]);
    second();
    second();
    expect(passed).toEqual(["1"]);
  });

  test("slows each frame, keeps the order whatever the jitter, and heals at once", () => {
    const { gate, passed, pass } = gateWithLog();
    const random = vi.spyOn(Math, "random").mockReturnValueOnce(1).mockReturnValue(0);
    const heal = gate.slow("node-2", "out", 100, 50);
    pass("1");
    pass("2");
    vi.advanceTimersByTime(149);
    expect(passed).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(passed).toEqual(["1", "2"]);
    pass("3");
    heal();
    expect(passed).toEqual(["1", "2", "3"]);
    random.mockRestore();
  });

  test("a cut under a slow link holds what is on its way", () => {
    const { gate, passed, pass } = gateWithLog();
    gate.slow("node-2", "both", 100, 0);
    pass("1");
    const heal = gate.cut("node-2", "both");
    vi.advanceTimersByTime(1_000);
    expect(passed).toEqual([]);
    heal();
    expect(passed).toEqual(["1"]);
  });

  test("keeps the order of a frame that is sent while another is delivered", () => {
    const { gate, passed, pass } = gateWithLog();
    const heal = gate.cut("node-2", "out");
    gate.pass("node-2", "out", "data", () => {
      passed.push("1");
      pass("3");
    });
    pass("2");
    heal();
    expect(passed).toEqual(["1", "2", "3"]);
  });
});
