import type { Command } from "commander";
import type { ClusterAnswer } from "../http/routes/cluster.ts";
import type { NodeAnswer } from "../http/schemas.ts";
import { addClientFlags, type ClientFlags, NodeClient } from "./client.ts";
import { type CliIo, CommandFailed } from "./io.ts";

type NodeWithPlan = NodeAnswer & { readonly planId: string | null };

interface DrainFlags extends ClientFlags {
  readonly wait?: true;
}

const lookEveryMs = 200;

/** `cordon`, `uncordon` and `drain`: an operator's word about one node. */
export function registerNodeVerbs(program: Command, io: CliIo): void {
  register(program, io, "cordon", "Give a node no new shards; it keeps the ones it has.");
  register(program, io, "uncordon", "Let a cordoned or drained node take shards again.");
  register(
    program,
    io,
    "drain",
    "Move all shards away from a node, and give it no new ones.",
  ).option("--wait", "wait until the node is drained");
}

function register(program: Command, io: CliIo, verb: string, about: string): Command {
  return addClientFlags(program.command(`${verb} <node>`))
    .description(about)
    .action(async (nodeId: string, flags: DrainFlags) => {
      const client = new NodeClient(io, flags);
      const path = `/v1/nodes/${encodeURIComponent(nodeId)}/${verb}`;
      const answer = await client.post<NodeWithPlan>(path);
      const node = flags.wait === true ? await untilDrained(client, answer, io) : answer;
      io.out(flags.json === true ? JSON.stringify(node) : describe(node));
    });
}

async function untilDrained(
  client: NodeClient,
  from: NodeWithPlan,
  io: CliIo,
): Promise<NodeWithPlan> {
  let node = from;
  while (node.state === "draining") {
    await io.pause(lookEveryMs);
    const { nodes } = await client.get<ClusterAnswer>("/v1/cluster");
    const found = nodes.find(({ nodeId }) => nodeId === from.nodeId);
    if (found === undefined) break;
    node = { ...found, planId: from.planId };
  }
  if (node.state === "drained") return node;
  throw new CommandFailed(
    `${node.nodeId} is ${node.state}, with ${node.shards} shards: it was not drained.`,
  );
}

const describe = ({ nodeId, state, cordoned, shards, planId }: NodeWithPlan): string =>
  `${nodeId} is ${state}${cordoned ? ", cordoned" : ""}, with ${shards} shards` +
  (planId === null ? "" : ` (plan ${planId})`);
