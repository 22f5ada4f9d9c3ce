/**
 * `pnpm bench [name] [...]`: runs one benchmark, or all of them, one after the other. Each is a file
 * beside this one that exports `title` and `run(options)` and returns rows for the table.
 */
import { parseArgs } from "node:util";
import type { Bench } from "./support/bench.ts";
import { printTable } from "./support/table.ts";

const benches: Readonly<Record<string, () => Promise<Bench>>> = {
  allocation: async () => (await import("./allocation.ts")).bench,
  console: async () => (await import("./console.ts")).bench,
  failover: async () => (await import("./failover.ts")).bench,
  mesh: async () => (await import("./mesh.ts")).bench,
  sim: async () => (await import("./sim.ts")).bench,
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: "boolean", default: false },
    rounds: { type: "string" },
    help: { type: "boolean" },
  },
});
const unknown = positionals.filter((name) => !(name in benches));
if (values.help === true || unknown.length > 0) {
  if (unknown.length > 0) console.error(`There is no benchmark "${unknown.join(", ")}".`);
  console.error(`pnpm bench [${Object.keys(benches).join("|")}] [--rounds N] [--json]`);
  process.exit(unknown.length > 0 ? 2 : 0);
}
const rounds = values.rounds === undefined ? undefined : Number(values.rounds);
for (const name of positionals.length > 0 ? positionals : Object.keys(benches)) {
  const bench = await (benches[name] as () => Promise<Bench>)();
  console.error(`\n${name}: ${bench.title}`);
  const rows = await bench.run({ rounds, progress: (line) => console.error(`  ${line}`) });
  if (values.json) console.log(JSON.stringify({ name, node: process.version, rows }));
  else printTable(rows);
}
