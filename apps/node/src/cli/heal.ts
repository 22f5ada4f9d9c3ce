import type { Command } from "commander";
import { addClientFlags, type ClientFlags, NodeClient } from "./client.ts";
import type { CliIo } from "./io.ts";

interface HealFlags extends ClientFlags {
  readonly healUrl?: string;
}

export function registerHeal(program: Command, io: CliIo): void {
  addClientFlags(program.command("heal"))
    .description("End one fault of the node at --node, or all of them.")
    .argument("[id]", "the fault; all without it")
    .option("--heal-url <url>", "ask the node's helper, for a node that is paused or frozen")
    .action(async (id: string | undefined, flags: HealFlags) => {
      const node = flags.healUrl ?? flags.node;
      const client = new NodeClient(io, { ...flags, ...(node === undefined ? {} : { node }) });
      const path = id === undefined ? "/v1/faults" : `/v1/faults/${encodeURIComponent(id)}`;
      const answer = await client.send<{ healed: string[] }>("DELETE", path);
      const text =
        answer.healed.length === 0 ? "There was no fault." : `healed ${answer.healed.join(", ")}`;
      io.out(flags.json === true ? JSON.stringify(answer) : text);
    });
}
