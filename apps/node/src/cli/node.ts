import type { Command } from "commander";
import { type Flags, readConfig } from "../config/read-config.ts";
import { loadProgram } from "../load-program.ts";
import { createLog } from "../log.ts";
import { connectParent } from "../parent.ts";
import { startService } from "../service.ts";
import { untilEnded } from "../shutdown.ts";
import { describeFailure } from "../start-failure.ts";
import { type CliIo, CommandFailed } from "./io.ts";
import { addSettings, allSettings } from "./settings-options.ts";

export interface NodeFlags extends Flags {
  readonly migrate?: true;
  readonly json?: true;
}

/** What leaving may take on top of the handoffs: flushing, closing. @unit milliseconds */
const leaveMarginMs = 10_000;

export const addNodeFlags = (command: Command): Command =>
  addSettings(command, allSettings)
    .option("--migrate", "bring the schema up to date first")
    .option("--json", "print errors as JSON (the log is JSON lines in any case)");

export function registerNode(program: Command, io: CliIo, exitWith: (code: number) => void): void {
  addNodeFlags(program.command("node"))
    .description(
      "Run one node. Ends in order on SIGTERM or SIGINT; a second signal ends it at once.",
    )
    .action(async (flags: NodeFlags) => {
      exitWith(await runNode(flags, io));
    });
}

/** @returns the exit code, once the node was asked to end and has ended. */
async function runNode({ migrate, json: _json, ...flags }: NodeFlags, io: CliIo): Promise<number> {
  const config = readConfig(io.env, flags);
  const program = await loadProgram(config.entities);
  const log = createLog(config.nodeId === undefined ? {} : { node: config.nodeId });
  const parent = connectParent(process);
  const failed = Promise.withResolvers<Error>();
  const service = startService({
    config,
    ...program,
    onFailed: failed.resolve,
    migrate: migrate === true,
    log,
    onListening: parent.listening,
  });
  const ended = untilEnded({
    source: process,
    service,
    failed: failed.promise,
    log,
    leaveTimeoutMs: config.drainTimeoutMs + leaveMarginMs,
  });
  const started = service.then(({ node, url }) => {
    parent.joined(node, url);
    log("info", "ready", { nodeId: node.nodeId, incarnation: node.incarnation(), url });
  });
  try {
    // Whichever is first: a node that is asked to end while it starts may never have started.
    await Promise.race([started, ended]);
  } catch (cause) {
    const { message, exitCode } = describeFailure(cause, config);
    throw new CommandFailed(message, { exitCode, cause });
  }
  return await ended;
}
