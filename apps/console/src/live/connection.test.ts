import { describe, expect, test } from "vitest";
import {
  type Connection,
  type ConnectionEvent,
  catchingUpAbove,
  initialConnection,
  laggingAboveMs,
  staleAfterMs,
  stepConnection,
} from "./connection.ts";

const run = (...events: readonly (readonly [number, ConnectionEvent])[]): Connection =>
  events.reduce((now, [atMs, event]) => stepConnection(now, event, atMs), initialConnection);

const beat = (seq: number, relayNowMs: number, relayLagMs = 0): ConnectionEvent => ({
  tag: "beat",
  seq,
  relayNowMs,
  relayLagMs,
});
const live = [
  [0, { tag: "opened" }],
  [10, { tag: "applied", seq: 5 }],
  [20, beat(5, 1020)],
] as const;

describe("connection", () => {
  test("is loading until a snapshot has come", () => {
    expect(run([0, { tag: "opened" }], [10, beat(5, 1000)]).state).toBe("loading");
  });

  test("is live with a snapshot and a heartbeat", () => {
    expect(run(...live)).toMatchObject({ state: "live", appliedSeq: 5, lastLiveMs: 20 });
  });

  test("turns stale when no heartbeat came for two seconds, and keeps the age", () => {
    const at = 20 + staleAfterMs;
    expect(run(...live, [at, { tag: "tick" }]).state).toBe("live");
    expect(run(...live, [at + 1, { tag: "tick" }])).toMatchObject({
      state: "stale",
      lastLiveMs: 20,
    });
  });

  test("turns live again with the next heartbeat", () => {
    expect(run(...live, [5000, { tag: "tick" }], [5001, beat(5, 6001)]).state).toBe("live");
  });

  test("is offline when the socket closes, and says so at once", () => {
    expect(run(...live, [30, { tag: "closed" }])).toMatchObject({
      state: "offline",
      lastLiveMs: 20,
    });
  });

  test("lags when the relay holds changes back for more than a second", () => {
    expect(run(...live, [30, beat(5, 1030, laggingAboveMs + 1)]).state).toBe("lagging");
  });

  test("lags when heartbeats take longer than the fastest one did", () => {
    const late = run(...live, [2400, beat(5, 2000)]);
    expect(late).toMatchObject({ state: "lagging", lagMs: 1400 });
  });

  test("catches up while the relay is far ahead of what was applied", () => {
    const far = 5 + catchingUpAbove + 1;
    expect(run(...live, [30, beat(far, 1030)]).state).toBe("catching-up");
    expect(run(...live, [30, beat(far, 1030)], [40, { tag: "applied", seq: far }]).state).toBe(
      "live",
    );
  });

  test("forgets the clock of a relay that is gone", () => {
    const again = run(...live, [30, { tag: "closed" }], [40, { tag: "opened" }], [50, beat(5, 7)]);
    expect(again.lagMs).toBe(0);
  });
});
