import { EventEmitter } from "node:events";
import { beforeEach, describe, expect, test, vi } from "vitest";
import type { NodeExit } from "./launch/exit-proof.ts";
import { type SupervisorOptions, supervise } from "./supervisor.ts";

class FakeChild extends EventEmitter {
  readonly pid: number;
  readonly signals: (NodeJS.Signals | number | undefined)[] = [];
  constructor(pid: number) {
    super();
    this.pid = pid;
  }
  kill(signal?: NodeJS.Signals | number): boolean {
    this.signals.push(signal);
    return true;
  }
}

let children: FakeChild[];
let records: NodeExit[];
let said: string[];
let signals: EventEmitter;

beforeEach(() => {
  children = [];
  records = [];
  said = [];
  signals = new EventEmitter();
});

const begin = (options: Partial<SupervisorOptions> = {}): Promise<number> =>
  supervise({
    nodeId: "node-1",
    respawnMs: 0,
    signals,
    say: (line) => void said.push(line),
    spawn: () => {
      const child = new FakeChild(100 + children.length);
      children.push(child);
      return child;
    },
    record: async (exit) => {
      records.push(exit);
      return exit.incarnation;
    },
    ...options,
  });

const childAt = async (index: number): Promise<FakeChild> =>
  await vi.waitFor(() => {
    const child = children[index];
    expect(child, `child ${index} was started`).toBeDefined();
    return child as FakeChild;
  });

describe("a supervisor", () => {
  test("proves the last life of a node that was killed, and ends as it ended", async () => {
    const exit = begin();
    const child = await childAt(0);
    child.emit("message", { type: "listening", url: "x" });
    child.emit("message", { type: "joined", nodeId: "node-1", incarnation: "life-1", url: "x" });
    child.emit("message", { type: "joined", nodeId: "node-1", incarnation: "life-2", url: "x" });
    child.emit("exit", null, "SIGKILL");
    expect(await exit).toBe(137);
    expect(records).toEqual([{ nodeId: "node-1", pid: 100, incarnation: "life-2" }]);
    expect(said).toContain("the cluster knows that node-1 (life-2) has exited");
  });

  test("proves nothing of a node that ended in order", async () => {
    const exit = begin({ respawnMs: 1 });
    (await childAt(0)).emit("exit", 0, null);
    expect(await exit).toBe(0);
    expect(records).toEqual([]);
    expect(children).toHaveLength(1);
  });

  test("passes signals on, and waits for what they lead to", async () => {
    const exit = begin({ respawnMs: 1 });
    const child = await childAt(0);
    signals.emit("SIGTERM");
    signals.emit("SIGINT");
    expect(child.signals).toEqual(["SIGTERM", "SIGINT"]);
    child.emit("exit", 1, null);
    expect(await exit).toBe(1);
    expect(children).toHaveLength(1);
    expect(said).toEqual(["node-1 (pid 100) ended with exit code 1"]);
  });

  test("starts it again where that was asked for", async () => {
    const exit = begin({ respawnMs: 1 });
    (await childAt(0)).emit("exit", null, "SIGKILL");
    (await childAt(1)).emit("exit", 0, null);
    expect(await exit).toBe(0);
    expect(records.map(({ pid }) => pid)).toEqual([100]);
  });

  test("does not start again while it is asked to end", async () => {
    const exit = begin({ respawnMs: 60_000 });
    (await childAt(0)).emit("exit", null, "SIGKILL");
    await vi.waitFor(() => expect(said).toContain("node-1 starts again in 60000 ms"));
    signals.emit("SIGTERM");
    expect(await exit).toBe(137);
  });

  test.each([2, 57])("does not start again what ended with %i", async (code) => {
    const exit = begin({ respawnMs: 1 });
    (await childAt(0)).emit("exit", code, null);
    expect(await exit).toBe(code);
    expect(children).toHaveLength(1);
  });

  test("tries the proof again while Postgres is away, and gives up in the end", async () => {
    let attempts = 0;
    const exit = begin({
      record: async () => {
        attempts += 1;
        if (attempts === 1) throw new Error("away");
        return "life-1";
      },
    });
    (await childAt(0)).emit("exit", null, "SIGKILL");
    expect(await exit).toBe(137);
    expect(attempts).toBe(2);

    const hopeless = begin({
      recordForMs: 0,
      record: async () => {
        throw new Error("away");
      },
    });
    (await childAt(1)).emit("exit", null, "SIGKILL");
    expect(await hopeless).toBe(137);
    expect(said).toContain("the exit could not be proven (away); the lease has to run out");
  });
});
