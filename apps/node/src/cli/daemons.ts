import type { DaemonView } from "@leasehold/sharding";
import { workersLimit } from "@leasehold/sharding/observe";
import { type Command, InvalidArgumentError } from "commander";
import { addClientFlags, type ClientFlags, NodeClient } from "./client.ts";
import type { CliIo } from "./io.ts";
import { formatTable } from "./table.ts";

/** `daemons` and `scale`: where the workers live, and how many there shall be. */
export function registerDaemons(program: Command, io: CliIo): void {
  addClientFlags(program.command("daemons"))
    .description("Show the daemons and where their workers live, as one node knows them.")
    .action(async (flags: ClientFlags) => {
      const answer = await new NodeClient(io, flags).get<{ readonly daemons: DaemonView[] }>(
        "/v1/daemons",
      );
      io.out(flags.json === true ? JSON.stringify(answer) : describe(answer.daemons));
    });

  addClientFlags(program.command("scale"))
    .description("Set how many workers a daemon has; 0 stops it.")
    .argument("<daemon>")
    .argument("<workers>", `0 to ${workersLimit}`, parseWorkers)
    .action(async (daemon: string, workers: number, flags: ClientFlags) => {
      const path = `/v1/daemons/${encodeURIComponent(daemon)}/scale`;
      const view = await new NodeClient(io, flags).post<DaemonView>(path, { workers });
      const text = `${view.daemon} has ${view.workers} workers now`;
      io.out(flags.json === true ? JSON.stringify(view) : text);
    });
}

function parseWorkers(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= workersLimit) return Number(text);
  throw new InvalidArgumentError(`It must be a whole number from 0 to ${workersLimit}.`);
}

function describe(daemons: readonly DaemonView[]): string {
  if (daemons.length === 0) return "no daemons";
  const rows = daemons.flatMap(({ daemon, items }) =>
    items.map(({ index, nodeId, state, epoch }) => [daemon, index, nodeId ?? "-", state, epoch]),
  );
  return formatTable(["DAEMON", "WORKER", "NODE", "STATE", "FENCE"], rows);
}
