import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, open, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { LaunchError } from "./launch-error.ts";
import { tryLock } from "./lock-file.ts";

/**
 * Builds the console when its sources changed since the last build. A hash of their contents decides:
 * times of files say nothing after a checkout.
 */
export interface ConsoleBuild {
  /** The workspace's root. */
  readonly root: string;
  readonly logFile: string;
  readonly say: (line: string) => void;
  /** Ends the build. */
  readonly signal: AbortSignal;
}

/** Next.js writes some of them itself. */
const ignored = new Set([
  "node_modules",
  ".next",
  "dist",
  "testing",
  "next-env.d.ts",
  "tsconfig.next.json",
]);
/** Relative to the root. What the console's pages are made from. */
const sources = ["apps/console", "packages/sharding/src", "pnpm-lock.yaml"];

/** @throws {LaunchError} when the build fails; the message ends with its last lines. */
export async function buildConsole(build: ConsoleBuild): Promise<void> {
  const directory = join(build.root, "apps/console");
  const hash = await hashSources(build.root);
  const marker = join(directory, ".next", "leasehold-sources");
  const isFresh = async (): Promise<boolean> =>
    existsSync(join(directory, ".next", "BUILD_ID")) && (await readIfThere(marker)) === hash;
  if (await isFresh()) return;
  const release = await waitForTurn(build);
  try {
    if (await isFresh()) return;
    const why = existsSync(marker) ? "its sources have changed" : "for the first time";
    build.say(`building the console, ${why} (up to a minute)`);
    await rm(marker, { force: true });
    const startedMs = performance.now();
    await runBuild(build, directory);
    await writeFile(marker, hash);
    build.say(`the console is built (${Math.round((performance.now() - startedMs) / 1000)} s)`);
  } finally {
    await release();
  }
}

/** Two launchers must not build into one directory at a time. */
async function waitForTurn(build: ConsoleBuild): Promise<() => Promise<void>> {
  const cache = join(build.root, "apps/console/node_modules/.cache");
  await mkdir(cache, { recursive: true });
  for (let told = false; ; told = true) {
    const lock = await tryLock(join(cache, "leasehold-build.lock"));
    if (lock.tag === "taken") return () => lock.release();
    if (!told) build.say(`waiting for another build of the console (pid ${lock.pid})`);
    await pause(250, undefined, { signal: build.signal });
  }
}

async function runBuild(build: ConsoleBuild, cwd: string): Promise<void> {
  const next = createRequire(join(cwd, "package.json")).resolve("next/dist/bin/next");
  const log = await open(build.logFile, "w", 0o600);
  try {
    const child = spawn(process.execPath, [next, "build"], {
      cwd,
      env: { ...process.env, NODE_ENV: "production", NEXT_TELEMETRY_DISABLED: "1", CI: "1" },
      stdio: ["ignore", log.fd, log.fd],
      signal: build.signal,
      killSignal: "SIGKILL",
    });
    const [code, signal] = await once(child, "exit");
    if (code === 0) return;
    const said = (await readFile(build.logFile, "utf8"))
      .trimEnd()
      .split("\n")
      .slice(-25)
      .join("\n");
    throw new LaunchError(
      `The console could not be built (${signal ?? `exit code ${code}`}); --no-console starts without it.\n` +
        `The end of ${build.logFile}:\n${said}`,
    );
  } finally {
    await log.close();
  }
}

async function hashSources(root: string): Promise<string> {
  const hash = createHash("sha256").update(process.versions.node);
  for (const source of sources) await addTo(hash, join(root, source), source);
  return hash.digest("hex");
}

async function addTo(
  hash: ReturnType<typeof createHash>,
  path: string,
  name: string,
): Promise<void> {
  if ((await stat(path)).isDirectory()) {
    const names = (await readdir(path)).filter((entry) => !isIgnored(entry)).sort();
    for (const entry of names) await addTo(hash, join(path, entry), `${name}/${entry}`);
  } else {
    hash.update(`\0${name}\0`).update(await readFile(path));
  }
}

const isIgnored = (name: string): boolean =>
  ignored.has(name) || /\.test\.tsx?$|\.tsbuildinfo$/.test(name);

const readIfThere = (file: string): Promise<string | null> =>
  readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return null;
    throw error;
  });
