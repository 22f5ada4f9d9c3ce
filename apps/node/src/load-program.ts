import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { AnyEntityDefinition, DaemonDefinition } from "@leasehold/sharding";
import { ConfigError } from "./config/read-config.ts";

/** What a node runs. */
export interface Program {
  readonly entities: readonly AnyEntityDefinition[];
  readonly daemons: readonly DaemonDefinition[];
}

/**
 * The entity types and daemons that a module exports, under whatever names.
 *
 * @param module a path (seen from the working directory) or a package; undefined means the samples.
 * @throws {ConfigError} it cannot be loaded, or exports neither.
 */
export async function loadProgram(module: string | undefined): Promise<Program> {
  const named = module ?? "the samples";
  const loaded = await load(module ?? new URL("./entities/index.ts", import.meta.url).href, named);
  const exported = [...new Set(Object.values(loaded))];
  const entities = exported.filter(isEntityDefinition);
  const daemons = exported.filter(isDaemonDefinition);
  if (entities.length > 0 || daemons.length > 0) return { entities, daemons };
  const found = Object.keys(loaded).join(", ");
  throw new ConfigError([
    `LEASEHOLD_ENTITIES=${named} exports no entity type and no daemon: ` +
      `export what defineEntity or defineDaemon returns. ${found === "" ? "It exports nothing." : `It exports ${found}.`}`,
  ]);
}

async function load(module: string, named: string): Promise<Record<string, unknown>> {
  const path = resolve(module);
  const isFile = !module.startsWith("file:") && existsSync(path);
  if (!isFile && /^[./]/.test(module)) {
    throw new ConfigError([
      `LEASEHOLD_ENTITIES=${named} does not exist: there is no file ${path}.`,
    ]);
  }
  try {
    return await import(isFile ? pathToFileURL(path).href : module);
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

const isEntityDefinition = (value: unknown): value is AnyEntityDefinition =>
  typeof value === "object" &&
  value !== null &&
  "type" in value &&
  typeof value.type === "string" &&
  "state" in value &&
  typeof value.state === "function" &&
  "commands" in value &&
  typeof value.commands === "object";
