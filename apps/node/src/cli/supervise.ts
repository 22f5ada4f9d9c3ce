import { spawn } from "node:child_process";
import { hostname } from "node:os";
import { fileURLToPath } from "node:url";
import type { Command } from "commander";
import { type Environment, type Flags, readConfig } from "../config/read-config.ts";
import { type NodeConfig, type SettingName, settings } from "../config.ts";
import { ExitRecorder } from "../launch/exit-proof.ts";
import { supervise } from "../supervisor.ts";
import type { CliIo } from "./io.ts";
import { addNodeFlags, type NodeFlags } from "./node.ts";
import { wholeNumber } from "./whole-number.ts";

const nodeProgram = fileURLToPath(new URL("../main.ts", import.meta.url));

interface SuperviseFlags extends NodeFlags {
  readonly respawnMs: number;
}

export function registerSupervise(
  program: Command,
  io: CliIo,
  exitWith: (code: number) => void,
): void {
  addNodeFlags(program.command("supervise"))
    .description(
      "Run one node as a child, and when it exits unasked prove that to the cluster, which then need not " +
        "wait for its lease to run out. For containers.",
    )
    .option(
      "--respawn-ms <ms>",
      "start it again after this time, 0 = never",
      wholeNumber(0, 3_600_000),
      0,
    )
    .action(async (flags: SuperviseFlags) => {
      exitWith(await runSupervised(flags, io));
    });
}

async function runSupervised(
  { migrate, json, respawnMs, ...flags }: SuperviseFlags,
  io: CliIo,
): Promise<number> {
  // Checked here too: what is wrong now would be wrong in the child.
  const config = readConfig(io.env, flags);
  const nodeId = config.nodeId ?? ownName();
  const say = (line: string): void => io.err(line);
  const recorder = new ExitRecorder(config.databaseUrl, config.cluster, (error) =>
    say(error.message),
  );
  const args = [
    nodeProgram,
    "node",
    ...(migrate ? ["--migrate"] : []),
    ...(json ? ["--json"] : []),
  ];
  const env = { ...childEnvironment(io.env, flags), LEASEHOLD_NODE_ID: nodeId };
  try {
    return await supervise({
      nodeId,
      respawnMs,
      say,
      signals: process,
      // Its channel closes with this process, and the node ends by that.
      spawn: () =>
        spawn(process.execPath, args, { env, stdio: ["ignore", "inherit", "inherit", "ipc"] }),
      record: async (exit) => await recorder.record(exit),
    });
  } finally {
    await recorder.close();
  }
}

/** Flags become variables, so that the child's command line shows no secret. */
function childEnvironment(env: Environment, flags: Flags): NodeJS.ProcessEnv {
  const given = Object.entries(flags) as [SettingName, string][];
  return { ...env, ...Object.fromEntries(given.map(([name, text]) => [settings[name].env, text])) };
}

/** Stable over respawns, which the child's own default (with its pid) is not. */
const ownName = (): NonNullable<NodeConfig["nodeId"]> =>
  `${hostname()
    .toLowerCase()
    .replaceAll(/[^a-z0-9-]/g, "-")}-${process.pid}`;
