import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const directory = fileURLToPath(new URL("./effect/", import.meta.url));

/** Brings the peer's packages, in the versions that its package.json pins, where they are not there yet. */
export async function installEffect(progress: (line: string) => void): Promise<void> {
  if (existsSync(join(directory, "node_modules", "effect"))) return;
  progress("installing the packages of Effect's cluster, which the workspace does not have");
  const install = ["-y", "pnpm@12", "install", "--frozen-lockfile", "--prefer-offline"];
  const child = spawn("npx", install, { cwd: directory, stdio: ["ignore", "ignore", "inherit"] });
  const [code] = (await once(child, "exit")) as [number | null];
  if (code !== 0) throw new Error(`Effect's packages could not be installed (exit ${code}).`);
}
