import { Command, CommanderError, InvalidArgumentError } from "commander";
import { type NodeConfig, settings } from "../config.ts";

export interface LaunchFlags {
  readonly nodes: number;
  readonly shards: number;
  /** Of each node. Absent: as LEASEHOLD_LANES says, like every other variable that the nodes read. */
  readonly lanes?: NodeConfig["lanes"];
  /** Commands per second of the sample load; 0 sends none until it is steered. */
  readonly load: number;
  /** Node i listens on `nodePort + i`. */
  readonly nodePort: number;
  readonly consolePort: number;
  readonly dataDir: string;
  /** How long after an unasked exit a child starts again; 0 = never. */
  readonly respawnMs: number;
  readonly fresh: boolean;
  readonly console: boolean;
}

export const loadLimit = 2000;

export type ParsedFlags =
  | { readonly tag: "flags"; readonly flags: LaunchFlags }
  | { readonly tag: "exit"; readonly code: 0 | 2 };

/** Reads the flags of `pnpm start`. Help and complaints are written here; the caller only exits. */
export function parseFlags(argv: readonly string[]): ParsedFlags {
  const program = describeProgram();
  try {
    // `pnpm start -- --nodes 5` hands the separator on.
    program.parse(argv[0] === "--" ? argv.slice(1) : argv, { from: "user" });
    const flags = program.opts<LaunchFlags>();
    const complaint = checkPorts(flags);
    if (complaint !== null) program.error(`error: ${complaint}`);
    return { tag: "flags", flags };
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return { tag: "exit", code: error.exitCode === 0 ? 0 : 2 };
  }
}

function describeProgram(): Command {
  return new Command("pnpm start")
    .description(
      "Starts a whole cluster on this machine: PostgreSQL (or the one that DATABASE_URL names), nodes, the\n" +
        "console and a sample load. Everything listens on loopback; faults are on. Ctrl-C stops it in order.",
    )
    .option("--nodes <count>", "how many nodes", whole(1, 32), 3)
    .option(
      "--shards <count>",
      "shards of the group default; fixed once the database has them",
      whole(1, 65_536),
      256,
    )
    .option(
      "--lanes <count>",
      `threads of each node that run entities: ${settings.lanes.accepts} (default: LEASEHOLD_LANES, or ${settings.lanes.default})`,
      lanesIn,
    )
    .option(
      "--load <per second>",
      "commands per second of the sample load",
      whole(0, loadLimit),
      50,
    )
    .option("--node-port <port>", "node i listens on this port + i", whole(1, 65_534), 4100)
    .option("--console-port <port>", "the console's port", whole(1, 65_535), 3000)
    .option(
      "--data-dir <path>",
      "database, secrets and logs of the children",
      nonEmpty,
      ".leasehold",
    )
    .option(
      "--respawn-ms <ms>",
      "a child that ended unasked starts again after this; 0 = never",
      whole(0, 3_600_000),
      10_000,
    )
    .option("--fresh", "delete the data directory's database first", false)
    .option("--no-console", "no console")
    .allowExcessArguments(false)
    .showHelpAfterError("(--help lists all flags)")
    .configureHelp({ sortOptions: false })
    .exitOverride();
}

const whole =
  (minimum: number, maximum: number) =>
  (text: string): number => {
    const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= minimum && value <= maximum) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${minimum} to ${maximum}.`);
  };

/** What a node accepts: it is told no other way. */
function lanesIn(text: string): NodeConfig["lanes"] {
  const { schema, accepts } = settings.lanes;
  const parsed = schema.safeParse(text);
  if (parsed.success) return parsed.data;
  throw new InvalidArgumentError(`It must be ${accepts}.`);
}

function nonEmpty(text: string): string {
  if (text.trim() !== "") return text;
  throw new InvalidArgumentError("It must name a directory.");
}

function checkPorts({ nodes, nodePort, console, consolePort }: LaunchFlags): string | null {
  const last = nodePort + nodes;
  if (last > 65_535) {
    return `--node-port ${nodePort} leaves no room for ${nodes} nodes: the last would need port ${last}.`;
  }
  if (console && consolePort > nodePort && consolePort <= last) {
    return `--console-port ${consolePort} is also the port of node-${consolePort - nodePort} (--node-port ${nodePort}).`;
  }
  return null;
}
