import { describe, expect, test } from "vitest";
import type { ProcStat } from "../proc-stat.ts";
import { runnersAbove } from "./runners.ts";

/** The launcher is 100; the first name is that of its parent 101, and so on up to pid 1. */
function chain(...names: readonly string[]): (pid: number) => ProcStat | null {
  return (pid) => {
    const name = ["node", ...names][pid - 100];
    if (name === undefined) return null;
    const isLast = pid - 100 === names.length;
    return { name, state: "S", parentPid: isLast ? 1 : pid + 1, startTime: `t${pid}` };
  };
}
const above = (...names: readonly string[]) =>
  runnersAbove(100, chain(...names)).map((one) => one.pid);

describe("the runners above the launcher", () => {
  test("are npx, pnpm and the shells between, but not the terminal", () => {
    expect(above("sh", "pnpm", "sh", "npm exec pnpm@1", "bash", "sshd")).toEqual([
      101, 102, 103, 104,
    ]);
  });

  test("are pnpm and its shell without npx", () => {
    expect(above("sh", "pnpm", "zsh")).toEqual([101, 102]);
  });

  test("do not exist when a terminal started it itself", () => {
    expect(above("bash", "sshd")).toEqual([]);
    expect(above("node")).toEqual([]);
  });

  test("end at a program that starts pnpm", () => {
    expect(above("sh", "pnpm", "python3", "sh", "npm")).toEqual([101, 102]);
  });

  test("are told apart from later processes of the same number", () => {
    expect(runnersAbove(100, chain("pnpm"))).toEqual([{ pid: 101, startTime: "t101" }]);
  });
});
