import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { isRunning } from "../proc-stat.ts";
import { Child, type ChildExit, type ChildSpec, tell } from "./child.ts";

let directory: string;
let lines: string[];
let child: Child;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "leasehold-child-"));
  lines = [];
});
afterEach(async () => {
  await child.stop((process_) => process_.kill("SIGKILL"), 5_000);
  await rm(directory, { recursive: true });
});

const obedient = `process.on("message", () => process.exit(0)); console.log("up");`;

async function start(program: string, spec: Partial<ChildSpec> = {}): Promise<Child> {
  child = new Child({
    name: "node-1",
    args: ["-e", program],
    cwd: directory,
    env: process.env,
    logFile: join(directory, "log"),
    respawnMs: 20,
    say: (line) => lines.push(line),
    ...spec,
  });
  await child.start();
  return child;
}

const isUp = () =>
  expect.poll(() => child.output(), { message: "its first line in the log" }).toMatch(/^up/);

describe("a child of the launcher", () => {
  test("starts again after a SIGKILL from outside, and its exit is told", async () => {
    const exits: ChildExit[] = [];
    await start(obedient, { onUnaskedExit: async (exit) => void exits.push(exit) });
    const first = child.pid ?? 0;
    process.kill(first, "SIGKILL");
    await expect
      .poll(() => child.pid !== null && child.pid !== first, { message: "runs again" })
      .toBe(true);
    expect(exits).toEqual([{ pid: first, code: null, signal: "SIGKILL" }]);
    expect(lines[0]).toBe(`node-1 (pid ${first}) ended by SIGKILL; it starts again in 20 ms`);
  });

  test("stays away after exit code 0", async () => {
    await start("process.exit(0)");
    await expect.poll(() => lines, { message: "its end is told" }).toHaveLength(1);
    expect(lines[0]).toMatch(/ended with exit code 0$/);
    expect(child.pid).toBeNull();
  });

  test("stays away when respawning is off", async () => {
    await start("process.exit(3)", { respawnMs: 0 });
    await expect.poll(() => lines, { message: "its end is told" }).toHaveLength(1);
    expect(lines[0]).toMatch(/ended with exit code 3$/);
  });

  test("ends in its own way when asked, and is not started again", async () => {
    await start(obedient);
    await isUp();
    await child.stop((it) => tell(it, { type: "stop-cluster" }), 5_000);
    expect(child.lastExit).toMatchObject({ code: 0 });
    expect(lines).toEqual([]);
  });

  test("is killed when it does not stop in time, its own children with it", async () => {
    await start(`
      const { spawn } = require("node:child_process");
      process.on("SIGTERM", () => {});
      const grandchild = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
      console.log("up", grandchild.pid);
      process.on("message", () => {});
    `);
    await isUp();
    const grandchild = Number((await child.output()).split(" ")[1]);
    await child.stop((it) => it.kill("SIGTERM"), 50);
    expect(child.lastExit).toMatchObject({ signal: "SIGKILL" });
    await expect.poll(() => isRunning(grandchild), { message: "the grandchild ends" }).toBe(false);
  });

  test("is stopped also while it waits to start again", async () => {
    await start("process.exit(3)", { respawnMs: 60_000 });
    await expect.poll(() => lines, { message: "its end is told" }).toHaveLength(1);
    await child.stop(() => undefined, 1_000);
    expect(child.pid).toBeNull();
  });
});
