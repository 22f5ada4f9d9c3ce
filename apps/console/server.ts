import { createServer } from "node:http";
import next from "next";
import { readConfig } from "./src/relay/config.ts";
import { Gateway } from "./src/relay/gateway.ts";
import { Guard } from "./src/relay/guard.ts";
import { answerApi } from "./src/relay/http-api.ts";
import { Hub } from "./src/relay/hub.ts";
import { writeLog } from "./src/relay/log.ts";
import { readPast } from "./src/relay/past.ts";
import { TableTail } from "./src/relay/table-tail.ts";
import { ConsoleDatabase } from "./src/store/console-database.ts";
import { Recorder } from "./src/tape/recorder.ts";
import { RecorderLock } from "./src/tape/recorder-lock.ts";
import { Tape } from "./src/tape/tape.ts";
import { TapeTable } from "./src/tape/tape-table.ts";

/**
 * The console: one port with the pages (Next.js, built before), the relay's socket and the commands.
 * It ends on SIGTERM and SIGINT; the launcher preloads what ends it with the launcher.
 */
const config = readConfig(process.env);
const guard = new Guard(config);
const hub = new Hub(config, writeLog);
const table =
  config.databaseUrl === undefined ? null : new TableTail(hub, config.databaseUrl, writeLog);
const store =
  config.databaseUrl === undefined
    ? null
    : new ConsoleDatabase(config.databaseUrl, config.cluster, writeLog);
const tapeTable = store === null ? null : new TapeTable(store);
const lock =
  config.databaseUrl === undefined
    ? null
    : new RecorderLock(config.databaseUrl, config.cluster, writeLog);
const recorder = new Recorder({
  hub,
  store: tapeTable === null || lock === null ? null : { table: tapeTable, lock },
  log: writeLog,
  keepMs: config.historyHours * 3_600_000,
  keepBytes: config.historyMegabytes * 1_000_000,
});
const tape = new Tape(recorder.memory, tapeTable, writeLog);

const app = next({ dev: process.env["LEASEHOLD_CONSOLE_DEV"] === "1", dir: import.meta.dirname });
await app.prepare();
const handle = app.getRequestHandler();
const http = createServer((request, response) => {
  if (answerApi({ hub, guard, tape, recorder }, request, response)) return;
  const reason = guard.refuse(request);
  if (reason !== null) {
    response.writeHead(403, { "content-type": "text/plain" }).end(reason);
    return;
  }
  handle(request, response).catch((error: unknown) => {
    writeLog("error", "page failed", { url: request.url, error: String(error) });
    response.destroy();
  });
});
const gateway = new Gateway(hub, http, guard);

const stopListening = hub.listen((change) => {
  if (change.tag !== "replaced") return;
  stopListening();
  readPast(hub, table).then(
    (entries) => gateway.tellPast(entries),
    (error: unknown) => writeLog("warn", "past not readable", { error: String(error) }),
  );
});

hub.start();
table?.start();
store?.start();
store?.onReady(() => lock?.start());
recorder.start();
gateway.start();
http.listen(config.port, config.host, () => {
  const address = http.address();
  const port = typeof address === "object" && address !== null ? address.port : config.port;
  // The one line on stdout: whoever starts the console waits for it.
  process.stdout.write(`ready http://${config.host}:${port}\n`);
});

let isStopping = false;
async function stop(): Promise<void> {
  if (isStopping) return;
  isStopping = true;
  hub.stop();
  await gateway.stop();
  await table?.stop();
  await recorder.stop();
  await lock?.stop();
  await store?.stop();
  http.closeAllConnections();
  process.exit(0);
}
const stopOn = (signal: NodeJS.Signals): void => {
  process.on(signal, () => {
    stop().catch((error: unknown) => {
      writeLog("error", "stop failed", { error: String(error) });
      process.exit(1);
    });
  });
};
stopOn("SIGTERM");
stopOn("SIGINT");
