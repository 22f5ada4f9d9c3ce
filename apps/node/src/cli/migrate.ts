import { migrate, type SchemaReport } from "@leasehold/db";
import type { Command } from "commander";
import { type Flags, readSettings } from "../config/read-config.ts";
import { describeFailure } from "../start-failure.ts";
import { type CliIo, CommandFailed } from "./io.ts";
import { addSettings } from "./settings-options.ts";

export function registerMigrate(program: Command, io: CliIo): void {
  addSettings(program.command("migrate"), ["databaseUrl", "cluster"])
    .description("Bring the cluster's Postgres schema to this version. Any number may run at once.")
    .option("--json", "print JSON")
    .action(async ({ json, ...flags }: Flags & { readonly json?: true }) => {
      const { databaseUrl, cluster } = readSettings(io.env, flags, ["databaseUrl", "cluster"]);
      const report = await run(databaseUrl, cluster);
      for (const warning of report.warnings) io.err(warning);
      io.out(json === true ? JSON.stringify(report) : describe(report));
    });
}

async function run(databaseUrl: string, cluster: string): Promise<SchemaReport> {
  try {
    return await migrate({ database: databaseUrl, cluster });
  } catch (cause) {
    const { message, exitCode } = describeFailure(cause, { databaseUrl });
    throw new CommandFailed(message, { exitCode, cause });
  }
}

const describe = ({ schema, version, applied }: SchemaReport): string =>
  applied.length === 0
    ? `The schema "${schema}" is at version ${version} already.`
    : `The schema "${schema}" is at version ${version}; applied ${applied.join(", ")}.`;
