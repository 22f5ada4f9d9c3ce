import { type Command, Option } from "commander";
import type { ShardAnswer } from "../http/schemas.ts";
import { addClientFlags, type ClientFlags, NodeClient } from "./client.ts";
import type { CliIo } from "./io.ts";
import { formatTable } from "./table.ts";

interface ShardFlags extends ClientFlags {
  readonly group?: string;
  readonly owner?: string;
  readonly state?: string;
}

interface Page {
  readonly seq: number;
  readonly authorityAgeMs: number;
  readonly shards: readonly ShardAnswer[];
  readonly next: string | null;
}

export function registerShards(program: Command, io: CliIo): void {
  addClientFlags(program.command("shards"))
    .description("List shards with state, owner and epoch.")
    .option("--group <name>", "only this shard group")
    .option("--owner <node>", "only shards of this node")
    .addOption(
      new Option("--state <state>", "only shards in this state").choices([
        "unallocated",
        "starting",
        "hosted",
        "handing-off",
      ]),
    )
    .action(async (flags: ShardFlags) => {
      const { seq, shards } = await readAll(new NodeClient(io, flags), flags);
      if (flags.json === true) return io.out(JSON.stringify({ seq, shards }));
      const rows = shards.map((shard) => [
        `${shard.group}/${shard.shard}`,
        shard.to === null ? shard.state : `${shard.state} to ${shard.to}`,
        shard.owner ?? "-",
        shard.epoch,
        shard.pinned ? "pinned" : "",
      ]);
      io.out(formatTable(["SHARD", "STATE", "OWNER", "EPOCH", ""], rows));
    });
}

async function readAll(
  client: NodeClient,
  flags: ShardFlags,
): Promise<Omit<Page, "next" | "authorityAgeMs">> {
  const query = new URLSearchParams({ limit: "1000" });
  for (const name of ["group", "owner", "state"] as const) {
    const value = flags[name];
    if (value !== undefined) query.set(name, value);
  }
  const shards: ShardAnswer[] = [];
  for (;;) {
    const page = await client.get<Page>(`/v1/shards?${query}`);
    shards.push(...page.shards);
    if (page.next === null) return { seq: page.seq, shards };
    query.set("after", page.next);
  }
}
