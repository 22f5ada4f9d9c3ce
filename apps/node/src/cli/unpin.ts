import { type Command, InvalidArgumentError } from "commander";
import type { ShardAnswer } from "../http/schemas.ts";
import { addClientFlags, type ClientFlags, NodeClient } from "./client.ts";
import type { CliIo } from "./io.ts";

export function registerUnpin(program: Command, io: CliIo): void {
  addClientFlags(program.command("unpin"))
    .description("Let a shard that an operator moved be moved by the cluster again.")
    .argument("<shard>", "group/shard, like default/7", parseShard)
    .action(async ({ group, shard }: ReturnType<typeof parseShard>, flags: ClientFlags) => {
      const path = `/v1/shards/${encodeURIComponent(group)}/${shard}/unpin`;
      const answer = await new NodeClient(io, flags).post<ShardAnswer>(path);
      const text = `${answer.group}/${answer.shard} is ${answer.pinned ? "pinned" : "not pinned"}`;
      io.out(flags.json === true ? JSON.stringify(answer) : text);
    });
}

function parseShard(text: string): { readonly group: string; readonly shard: number } {
  const [, group = "", shard = ""] = /^(.+)\/(\d{1,7})$/.exec(text) ?? [];
  if (group !== "") return { group, shard: Number(shard) };
  throw new InvalidArgumentError("It must be group/shard, like default/7.");
}
