import { randomUUID } from "node:crypto";
import { parseArgs } from "node:util";
import { ConsoleDatabase } from "../store/console-database.ts";
import { TapeTable } from "../tape/tape-table.ts";
import { FakeAuthority, fakeDefaults } from "./fake-cluster.ts";
import { inventTape } from "./invent-tape.ts";

/** `node src/testing/tape-main.ts --database postgresql://... --events 500000`: writes an invented recording. */
const { values } = parseArgs({
  options: {
    database: { type: "string" },
    cluster: { type: "string", default: "default" },
    events: { type: "string", default: "500000" },
    nodes: { type: "string", default: "100" },
    shards: { type: "string", default: "10000" },
  },
});
if (values.database === undefined) throw new Error("--database is missing.");

const [events, count, shards] = [values.events, values.nodes, values.shards].map(Number) as [
  number,
  number,
  number,
];
const store = new ConsoleDatabase(values.database, values.cluster, () => undefined);
const ready = new Promise<void>((resolve) => store.onReady(resolve));
store.start();
await ready;
const authority = new FakeAuthority({ ...fakeDefaults, nodes: count, shards });
const width = String(count).length;
authority.found(
  Array.from({ length: count }, (_, index) => {
    const nodeId = `node-${String(index + 1).padStart(width, "0")}`;
    return { nodeId, incarnation: randomUUID(), address: `http://${nodeId}`, zone: "" };
  }),
);
const tape = await inventTape(authority, new TapeTable(store), events, Date.now() - events);
await store.stop();
process.stdout.write(`${JSON.stringify(tape)}\n`);
