import { describe, expect, it } from "vitest";
import { ManualClock } from "./manual-clock.ts";

describe("a clock by hand", () => {
  it("runs what is due in the order of time, each at its own instant", () => {
    const clock = new ManualClock();
    const ran: string[] = [];
    const note = (name: string) => () => ran.push(`${name} at ${clock.monotonicMs()}`);
    clock.after(20, note("second"));
    clock.after(10, note("first"));
    clock.after(20, note("third"));
    clock.after(40, note("never"));
    clock.advance(30);
    expect(ran).toEqual(["first at 10", "second at 20", "third at 20"]);
    expect(clock.monotonicMs()).toBe(30);
  });

  it("runs what a timer sets, if it is due within the same step", () => {
    const clock = new ManualClock();
    const ran: number[] = [];
    const beat = () => {
      ran.push(clock.monotonicMs());
      clock.after(10, beat);
    };
    clock.after(10, beat);
    clock.advance(35);
    expect(ran).toEqual([10, 20, 30]);
  });

  it("does not run what was cancelled, not even by a timer of the same instant", () => {
    const clock = new ManualClock();
    const ran: string[] = [];
    let cancelSecond = () => {};
    clock.after(10, () => {
      ran.push("first");
      cancelSecond();
    });
    cancelSecond = clock.after(10, () => ran.push("second"));
    clock.advance(10);
    expect(ran).toEqual(["first"]);
  });

  it("goes on since boot while the machine sleeps, and stands still otherwise", () => {
    const clock = new ManualClock();
    clock.advance(5);
    clock.suspend(100);
    expect([clock.monotonicMs(), clock.bootMs()]).toEqual([5, 105]);
  });

  it("gives the same randomness for the same seed", () => {
    const draw = (seed: number) => {
      const clock = new ManualClock(seed);
      return [clock.random(), clock.uuid(), clock.random()];
    };
    expect(draw(7)).toEqual(draw(7));
    expect(draw(7)).not.toEqual(draw(8));
    expect(new ManualClock().uuid()).toMatch(
      /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/,
    );
  });
});
