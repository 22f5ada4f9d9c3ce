import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { buildConsole } from "./console-build.ts";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "leasehold-build-"));
  await write("pnpm-lock.yaml", "");
  await write("packages/sharding/src/observe.ts", "export {};");
  await write("apps/console/package.json", "{}");
  await write("apps/console/src/page.tsx", "first");
  await write("apps/console/node_modules/next/package.json", `{"name":"next"}`);
  await useCompiler(`
    require("node:fs").mkdirSync(".next", { recursive: true });
    require("node:fs").writeFileSync(".next/BUILD_ID", "1");
    require("node:fs").appendFileSync("../../built", "x");
  `);
});
afterEach(() => rm(root, { recursive: true }));

async function write(path: string, text: string): Promise<void> {
  const file = join(root, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
}
const useCompiler = (program: string) =>
  write("apps/console/node_modules/next/dist/bin/next", program);
const build = (signal = new AbortController().signal) =>
  buildConsole({ root, logFile: join(root, "log"), say: () => undefined, signal });
const builds = async () => (await readFile(join(root, "built"), "utf8")).length;

describe("the console's build", () => {
  test("runs once for the same sources", async () => {
    await build();
    await build();
    expect(await builds()).toBe(1);
  });

  test("runs again when a source of the console or of the package it shows has changed", async () => {
    await build();
    await write("apps/console/src/page.tsx", "second");
    await build();
    await write("packages/sharding/src/observe.ts", "export const x = 1;");
    await build();
    expect(await builds()).toBe(3);
  });

  test("does not run again for a test", async () => {
    await build();
    await write("apps/console/src/page.test.tsx", "a test");
    await build();
    expect(await builds()).toBe(1);
  });

  test("happens once for two launchers at the same time", async () => {
    await Promise.all([build(), build()]);
    expect(await builds()).toBe(1);
  });

  test("that fails says why, and counts as not made", async () => {
    await useCompiler(`console.error("page.tsx does not compile"); process.exit(1);`);
    await expect(build()).rejects.toThrow(/exit code 1.*page\.tsx does not compile/s);
    await expect(build()).rejects.toThrow(/exit code 1/);
  });

  test("ends when the launcher is asked to stop", async () => {
    await useCompiler("setInterval(() => {}, 1000)");
    const stopping = new AbortController();
    const building = build(stopping.signal);
    stopping.abort();
    await expect(building).rejects.toThrow(/aborted/i);
  });
});
