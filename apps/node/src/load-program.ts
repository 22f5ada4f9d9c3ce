import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { type AnyEntityDefinition, type DaemonDefinition, entitiesOf } from "@leasehold/sharding";
import { ConfigError } from "./config/read-config.ts";

/** What a node runs. */
export interface Program {
  readonly entities: readonly AnyEntityDefinition[];
  readonly daemons: readonly DaemonDefinition[];
  /** Where they come from: each lane loads it. */
  readonly module: URL;
}

/**
 * The entity types and daemons that a module exports, under whatever names.
 *
 * @param module a path (seen from the working directory) or a package; undefined means the samples.
 * @throws {ConfigError} it cannot be loaded, or exports neither.
 */
export async function loadProgram(module: string | undefined): Promise<Program> {
  const named = module ?? "the samples";
  const samples = new URL("./entities/index.ts", import.meta.url);
  const { url, loaded } = await load(module ?? samples.href, named);
  const entities = entitiesOf(loaded);
  const daemons = [...new Set(Object.values(loaded))].filter(isDaemonDefinition);
  if (entities.length > 0 || daemons.length > 0) return { entities, daemons, module: url };
  const found = Object.keys(loaded).join(", ");
  throw new ConfigError([
    `LEASEHOLD_ENTITIES=${named} exports no entity type and no daemon: ` +
      `export what defineEntity or defineDaemon returns. ${found === "" ? "It exports nothing." : `It exports ${found}.`}`,
  ]);
}

async function load(
  module: string,
  named: string,
): Promise<{ readonly url: URL; readonly loaded: Record<string, unknown> }> {
  const path = resolve(module);
  const isFile = !module.startsWith("file:") && existsSync(path);
  if (!isFile && /^[./]/.test(module)) {
    throw new ConfigError([
      `LEASEHOLD_ENTITIES=${named} does not exist: there is no file ${path}.`,
    ]);
  }
  try {
    const url = isFile ? pathToFileURL(path) : new URL(import.meta.resolve(module));
    return { url, loaded: await import(url.href) };
  } catch (cause) {
    const said = cause instanceof Error ? cause.message : String(cause);
    throw new ConfigError([`LEASEHOLD_ENTITIES=${named} cannot be loaded: ${said}`], { cause });
  }
}

const isDaemonDefinition = (value: unknown): value is DaemonDefinition =>
  typeof value === "object" &&
  value !== null &&
  "name" in value &&
  "workers" in value &&
  "run" in value &&
  typeof value.run === "function";
