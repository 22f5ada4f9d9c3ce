import { EventEmitter } from "node:events";
import { beforeEach, describe, expect, test } from "vitest";
import { type ShutdownOptions, untilEnded } from "./shutdown.ts";

let source: EventEmitter;
let calls: string[];
let leave: PromiseWithResolvers<void>;
let logged: string[];

beforeEach(() => {
  source = new EventEmitter();
  calls = [];
  logged = [];
  leave = Promise.withResolvers();
});

const service = () => ({
  leave: async () => {
    calls.push("leave");
    await leave.promise;
  },
  stop: async () => {
    calls.push("stop");
  },
});

const begin = (options: Partial<ShutdownOptions> = {}): Promise<number> =>
  untilEnded({
    source,
    service: Promise.resolve(service()),
    log: (_level, message) => void logged.push(message),
    leaveTimeoutMs: 5_000,
    ...options,
  });

describe("a node ends", () => {
  test.each(["SIGTERM", "SIGINT"])("with 0 after %s and a leave in order", async (signal) => {
    const exit = begin();
    source.emit(signal);
    leave.resolve();
    expect(await exit).toBe(0);
    expect(calls).toEqual(["leave"]);
  });

  test("with 1 at once after a second signal", async () => {
    const exit = begin();
    source.emit("SIGTERM");
    source.emit("SIGINT");
    expect(await exit).toBe(1);
    expect(logged).toContain("ending at once, without handoffs");
  });

  test("with 1 after a leave in order, when it cannot go on", async () => {
    const exit = begin({ failed: Promise.resolve(new Error("lane 1: out of memory")) });
    leave.resolve();
    expect(await exit).toBe(1);
    expect(calls).toEqual(["leave"]);
  });

  test("without handoffs when its parent says stop-cluster", async () => {
    const exit = begin();
    source.emit("message", { type: "stop-cluster" });
    expect(await exit).toBe(0);
    expect(calls).toEqual(["stop"]);
  });

  test("without handoffs when its parent is gone", async () => {
    const exit = begin();
    source.emit("disconnect");
    expect(await exit).toBe(0);
    expect(calls).toEqual(["stop"]);
  });

  test("by a stop that overtakes a leave", async () => {
    const exit = begin();
    source.emit("SIGTERM");
    source.emit("message", { type: "stop-cluster" });
    expect(await exit).toBe(0);
    expect(calls).toEqual(["leave", "stop"]);
  });

  test("with 1 when leaving takes too long or fails", async () => {
    const late = begin({ leaveTimeoutMs: 10 });
    source.emit("SIGTERM");
    expect(await late).toBe(1);
    const failing = begin({
      service: Promise.resolve({
        ...service(),
        leave: async () => {
          throw new Error("no");
        },
      }),
    });
    source.emit("SIGTERM");
    expect(await failing).toBe(1);
    expect(logged).toContain("could not leave in order");
  });

  test("while it still starts: after a short wait, with nothing to hand over", async () => {
    const exit = begin({ service: new Promise(() => undefined), startGraceMs: 10 });
    source.emit("SIGTERM");
    expect(await exit).toBe(0);
    expect(calls).toEqual([]);
  });

  test("and leaves if it comes up in that time", async () => {
    const starting = Promise.withResolvers<ReturnType<typeof service>>();
    const exit = begin({ service: starting.promise });
    source.emit("SIGTERM");
    starting.resolve(service());
    leave.resolve();
    expect(await exit).toBe(0);
    expect(calls).toEqual(["leave"]);
  });
});

test("other messages of the parent mean nothing", async () => {
  const exit = begin();
  for (const message of [null, 7, "stop-cluster", {}, { type: "stop" }])
    source.emit("message", message);
  source.emit("SIGTERM");
  leave.resolve();
  await exit;
  expect(calls).toEqual(["leave"]);
});
