import type { ActiveFault } from "@leasehold/sharding/observe";
import { Argument, type Command, Option } from "commander";
import { ConfigError } from "../config/read-config.ts";
import {
  type FaultAccepted,
  type FaultRequest,
  faultKinds,
  faultRequestSchema,
} from "../faults/types.ts";
import { addClientFlags, type ClientFlags, NodeClient } from "./client.ts";
import type { CliIo } from "./io.ts";
import { formatTable } from "./table.ts";
import { wholeNumber } from "./whole-number.ts";

interface FaultFlags extends ClientFlags {
  readonly peer?: string;
  readonly step?: string;
  readonly direction?: string;
  readonly delayMs?: number;
  readonly jitterMs?: number;
  readonly byMs?: number;
  readonly ttlMs?: number;
}

export function registerFault(program: Command, io: CliIo): void {
  addClientFlags(program.command("fault"))
    .description(
      "Set a fault on the node at --node, or list its faults. The node must run with faults on.",
    )
    .addArgument(
      new Argument("[kind]", "what to break; without it the faults are listed").choices(faultKinds),
    )
    .option("--peer <node>", "for links: the node at the other end")
    .option("--step <name>", "for crash-at: where (docs/faults.md lists them)")
    .addOption(
      new Option("--direction <which>", "as the node sees it [default: both]").choices([
        "both",
        "in",
        "out",
      ]),
    )
    .option("--delay-ms <ms>", "for slow links and Postgres", wholeNumber(1, 60_000))
    .option(
      "--jitter-ms <ms>",
      "for slow links: up to this much more [default: 0]",
      wholeNumber(0, 60_000),
    )
    .option(
      "--by-ms <ms>",
      "for clock-step: forward, or back where it is negative",
      wholeNumber(-86_400_000, 86_400_000),
    )
    .option("--ttl-ms <ms>", "when it ends by itself [default: 30000]", wholeNumber(100, 600_000))
    .action(async (kind: string | undefined, flags: FaultFlags) => {
      const client = new NodeClient(io, flags);
      await (kind === undefined
        ? list(client, flags, io)
        : set(client, readRequest(kind, flags), flags, io));
    });
}

/** Checked here with the node's own schema, so that wrong usage is told apart from a refusal. */
function readRequest(kind: string, flags: FaultFlags): FaultRequest {
  const { node: _node, token: _token, json: _json, ...fields } = flags;
  const parsed = faultRequestSchema.safeParse({ kind, ...fields });
  if (parsed.success) return parsed.data;
  throw new ConfigError(
    parsed.error.issues.map(
      ({ path, message }) => `fault ${kind}: ${[...path, message].join(": ")}.`,
    ),
  );
}

async function set(
  client: NodeClient,
  request: FaultRequest,
  flags: FaultFlags,
  io: CliIo,
): Promise<void> {
  // Asked before: a node that is paused or frozen does not answer any more.
  const { healUrl } = await client.get<{ healUrl: string | null }>("/v1/self");
  const accepted = await client.post<FaultAccepted>("/v1/faults", request);
  if (flags.json === true) return io.out(JSON.stringify({ ...accepted, healUrl }));
  io.out(`${request.kind} ${accepted.id}, ends by itself in ${accepted.expiresInMs} ms`);
  if (request.kind === "pause" || request.kind === "freeze") {
    io.out(`The node does not answer meanwhile. To heal it: leasehold heal --heal-url ${healUrl}`);
  }
}

async function list(client: NodeClient, flags: FaultFlags, io: CliIo): Promise<void> {
  const { faults } = await client.get<{ faults: ActiveFault[] }>("/v1/faults");
  if (flags.json === true) return io.out(JSON.stringify({ faults }));
  if (faults.length === 0) return io.out("There are no faults.");
  const rows = faults.map(({ id, kind, detail, expiresInMs }) => [
    id,
    kind,
    Object.entries(detail)
      .map(([name, value]) => `${name}=${value}`)
      .join(" "),
    expiresInMs,
  ]);
  io.out(formatTable(["ID", "KIND", "DETAIL", "ENDS IN MS"], rows));
}
