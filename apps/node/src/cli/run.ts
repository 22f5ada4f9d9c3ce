import { readFileSync } from "node:fs";
import { userInfo } from "node:os";
import { setTimeout as pause } from "node:timers/promises";
import { Command, CommanderError } from "commander";
import { describeFailure } from "../start-failure.ts";
import { registerDaemons } from "./daemons.ts";
import { registerEvents } from "./events.ts";
import { registerFault } from "./fault.ts";
import { registerHeal } from "./heal.ts";
import { type CliIo, CommandFailed } from "./io.ts";
import { registerMigrate } from "./migrate.ts";
import { registerNode } from "./node.ts";
import { registerNodeVerbs } from "./node-verbs.ts";
import { registerPlan } from "./plan.ts";
import { registerShards } from "./shards.ts";
import { registerStatus } from "./status.ts";
import { registerSupervise } from "./supervise.ts";
import { registerUnpin } from "./unpin.ts";

const usageError = 2;

/**
 * The command `leasehold`.
 *
 * @returns the exit code: 0 done, 1 refused or failed, 2 wrong usage, 57 the schema is too new.
 */
export async function run(args: readonly string[], io: CliIo = systemIo()): Promise<number> {
  let exitCode = 0;
  const program = createProgram(io, (code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync([...args], { from: "user" });
    return exitCode;
  } catch (error) {
    return tell(error, args.includes("--json"), io);
  }
}

function createProgram(io: CliIo, exitWith: (code: number) => void): Command {
  const program = new Command("leasehold")
    .description("Single-owner, stateful entities across a cluster of Node.js processes.")
    .version(version())
    .configureOutput({
      writeOut: (text) => io.out(text.trimEnd()),
      writeErr: (text) => io.err(text.trimEnd()),
    })
    .showHelpAfterError("(add --help for what is accepted)")
    .exitOverride();
  // Subcommands inherit these two settings when they are made, so they come last.
  registerNode(program, io, exitWith);
  registerSupervise(program, io, exitWith);
  registerMigrate(program, io);
  registerStatus(program, io);
  registerShards(program, io);
  registerEvents(program, io);
  registerPlan(program, io);
  registerNodeVerbs(program, io);
  registerUnpin(program, io);
  registerDaemons(program, io);
  registerFault(program, io);
  registerHeal(program, io);
  return program;
}

/** Says what went wrong on stderr, as JSON where that was asked for, so that stdout stays clean. */
function tell(error: unknown, asJson: boolean, io: CliIo): number {
  // Commander has said it already.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : usageError;
  const failure = error instanceof CommandFailed ? error : describeFailure(error);
  const problem = error instanceof CommandFailed ? error.problem : null;
  const detail = failure.message;
  io.err(asJson ? JSON.stringify(problem ?? { detail }) : detail);
  return failure.exitCode;
}

const systemIo = (): CliIo => ({
  env: process.env,
  out: (line) => void process.stdout.write(`${line}\n`),
  err: (line) => void process.stderr.write(`${line}\n`),
  fetch,
  pause: async (ms) => await pause(ms),
  user: userName(),
});

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // A container's user may have no name.
    return "cli";
  }
}

function version(): string {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}
