import { type NodeConfig, type SettingName, settings } from "../config.ts";
import { crossChecks } from "./checks.ts";
import { redact } from "./redact.ts";
import type { Setting } from "./setting.ts";

/** Flags as the command line gives them: camel-cased setting names. A flag wins over its variable. */
export type Flags = Partial<Readonly<Record<SettingName, string>>>;
export type Environment = Readonly<Record<string, string | undefined>>;

/** All that is wrong with a configuration, at once. Ends a command with exit code 2. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly problems: readonly string[];
  constructor(problems: readonly string[], options?: ErrorOptions) {
    super(problems.join("\n"), options);
    this.problems = problems;
  }
}

type Outcome = { readonly value: unknown } | { readonly problem: string };

/**
 * Reads the settings named, all by default. An empty variable counts as unset.
 *
 * @throws {ConfigError} naming each variable or flag, its value (secrets hidden) and what is accepted.
 */
export function readConfig(env: Environment, flags: Flags = {}): NodeConfig {
  const config = readSettings(env, flags, Object.keys(settings) as SettingName[]) as NodeConfig;
  const problems = crossChecks(config);
  if (problems.length > 0) throw new ConfigError(problems);
  return config;
}

/** A part of the settings, for commands that need only those. No cross-checks. */
export function readSettings<Name extends SettingName>(
  env: Environment,
  flags: Flags,
  names: readonly Name[],
): Pick<NodeConfig, Name> {
  const problems: string[] = [];
  const values: [Name, unknown][] = [];
  for (const name of names) {
    const outcome = readOne(settings[name], env, flags[name]);
    if ("problem" in outcome) problems.push(outcome.problem);
    else values.push([name, outcome.value]);
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return Object.fromEntries(values) as Pick<NodeConfig, Name>;
}

function readOne(row: Setting<unknown>, env: Environment, flag: string | undefined): Outcome {
  const given = flag ?? (env[row.env] === "" ? undefined : env[row.env]);
  const text = given ?? row.default;
  if (text === undefined) {
    if (row.required !== true) return { value: undefined };
    return { problem: `${row.env} (or --${row.flag}) is not set: it must be ${row.accepts}.` };
  }
  const parsed = row.schema.safeParse(text);
  if (parsed.success) return { value: parsed.data };
  const source = flag === undefined ? `${row.env}=` : `--${row.flag} `;
  return { problem: `${source}${redact(row, text)} is not accepted: it must be ${row.accepts}.` };
}
