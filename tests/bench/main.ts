/**
 * `pnpm bench [name] [...]`: runs one benchmark, or all of them, one after the other. Each is a file
 * beside this one that exports `bench`: a title and `run(options)`, which returns rows for the table.
 */
import { parseArgs } from "node:util";
import { BadOption, type Bench } from "./support/bench.ts";
import { environment, loads } from "./support/environment.ts";
import { printTable } from "./support/table.ts";

const benches: Readonly<Record<string, () => Promise<Bench>>> = {
  allocation: async () => (await import("./allocation.ts")).bench,
  ask: async () => (await import("./ask.ts")).bench,
  balance: async () => (await import("./balance.ts")).bench,
  console: async () => (await import("./console.ts")).bench,
  durable: async () => (await import("./durable.ts")).bench,
  failover: async () => (await import("./failover.ts")).bench,
  gate: async () => (await import("./gate.ts")).bench,
  limits: async () => (await import("./limits.ts")).bench,
  memory: async () => (await import("./memory.ts")).bench,
  lanes: async () => (await import("./lanes.ts")).bench,
  mesh: async () => (await import("./mesh.ts")).bench,
  scale: async () => (await import("./scale.ts")).bench,
  nodes: async () => (await import("./nodes.ts")).bench,
  meter: async () => (await import("./meter.ts")).bench,
  preview: async () => (await import("./preview.ts")).bench,
  sim: async () => (await import("./sim.ts")).bench,
  soak: async () => (await import("./soak.ts")).bench,
  ycsb: async () => (await import("./ycsb.ts")).bench,
};
/** The gate is asked for by name: it runs some of the others again. */
const allOfThem = Object.keys(benches).filter((name) => name !== "gate");
const usage = `pnpm bench [${Object.keys(benches).join("|")}] [--rounds N] [--json]
pnpm bench ask [--only local,remote,hot,sizes,http] [--peer effect]
pnpm bench failover [--shards 256,1000] [--only coordinator,leave] [--peer effect]
pnpm bench durable [--only asks,commands,replay,handoff,memory] [--peer effect]
pnpm bench console [--only map,pages,heap,pixel,seek,outage,covered,load,lighthouse] [--seconds 600]
pnpm bench memory [--peer effect]
pnpm bench soak [--seconds 600]
pnpm bench gate [--update]`;

try {
  await main();
} catch (error) {
  if (!isUsage(error)) throw error;
  console.error(`${error.message}\n${usage}`);
  process.exitCode = 2;
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      json: { type: "boolean", default: false },
      rounds: { type: "string" },
      shards: { type: "string" },
      only: { type: "string" },
      peer: { type: "string" },
      seconds: { type: "string" },
      update: { type: "boolean" },
      help: { type: "boolean" },
    },
  });
  if (values.help === true) return console.error(usage);
  const { json, rounds, help, ...own } = values;
  const given = Object.entries(own).filter(([, value]) => value !== undefined);
  const flags = Object.fromEntries(given.map(([flag, value]) => [flag, String(value)]));
  const names = positionals.length > 0 ? positionals : allOfThem;
  const chosen = await Promise.all(names.map(async (name) => [name, await load(name)] as const));
  for (const [name, bench] of chosen) checkFlags(name, bench, flags);
  const count = roundsOf(rounds);
  for (const [name, bench] of chosen) {
    console.error(`\n${name}: ${bench.title}`);
    const progress = (line: string): void => console.error(`  ${line}`);
    const before = loads();
    const rows = await bench.run({ rounds: count, progress, flags });
    const loadAverage = { before, after: loads() };
    const about = environment(flags["peer"]);
    if (json) console.log(JSON.stringify({ name, ...about, loadAverage, rows }));
    else printTable(rows);
    const { cpu, cores, memoryGb } = about.machine;
    progress(
      `${cores} cores of ${cpu}, ${memoryGb} GB; Node ${about.node}; load ${loadAverage.after}`,
    );
  }
}

async function load(name: string): Promise<Bench> {
  const bench = benches[name];
  if (bench === undefined) throw new BadOption(`There is no benchmark "${name}".`);
  return await bench();
}

function checkFlags(name: string, bench: Bench, flags: Readonly<Record<string, string>>): void {
  const foreign = Object.keys(flags).find((flag) => bench.flags?.includes(flag) !== true);
  if (foreign !== undefined) throw new BadOption(`The benchmark "${name}" has no --${foreign}.`);
  bench.check?.(flags);
}

function roundsOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text);
  throw new BadOption(`--rounds is "${text}"; it takes a whole number from 1 to 999999.`);
}

/** What `parseArgs` refuses has a code of its own. */
function isUsage(error: unknown): error is Error {
  if (error instanceof BadOption) return true;
  const { code } = error as NodeJS.ErrnoException;
  return code?.startsWith("ERR_PARSE_ARGS_") === true;
}
