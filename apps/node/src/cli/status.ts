import type { Command } from "commander";
import type { ClusterAnswer } from "../http/routes/cluster.ts";
import { addClientFlags, type ClientFlags, NodeClient } from "./client.ts";
import type { CliIo } from "./io.ts";
import { formatTable } from "./table.ts";

export function registerStatus(program: Command, io: CliIo): void {
  addClientFlags(program.command("status"))
    .description("Show nodes, coordinator and shard counts, as one node knows them.")
    .action(async (flags: ClientFlags) => {
      const cluster = await new NodeClient(io, flags).get<ClusterAnswer>("/v1/cluster");
      io.out(flags.json === true ? JSON.stringify(cluster) : describe(cluster));
    });
}

function describe({
  cluster,
  seq,
  authorityAgeMs,
  coordinator,
  nodes,
  shards,
}: ClusterAnswer): string {
  const leader =
    coordinator === null
      ? "no coordinator"
      : `coordinator ${coordinator.nodeId}, term ${coordinator.term}`;
  const rows = nodes.map((node) => [
    node.nodeId,
    node.cordoned ? `${node.state}, cordoned` : node.state,
    node.shards,
    node.leaseAgeMs === null ? "-" : `${Math.round(node.leaseAgeMs)} ms`,
    node.address ?? "-",
  ]);
  return [
    `cluster ${cluster}, ${leader}, seq ${seq}, known ${Math.round(authorityAgeMs)} ms ago`,
    `${shards.total} shards: ${shards.hosted} hosted, ${shards.starting} starting, ` +
      `${shards.handingOff} handing off, ${shards.unallocated} unallocated`,
    "",
    formatTable(["NODE", "STATE", "SHARDS", "LEASE AGE", "ADDRESS"], rows),
  ].join("\n");
}
