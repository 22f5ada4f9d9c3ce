import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import next from "next";
import { Access } from "./src/access/access.ts";
import { Oidc } from "./src/access/oidc.ts";
import { isPartOfPage, placeInstead } from "./src/access/page-gate.ts";
import { SessionApi } from "./src/access/session-api.ts";
import { Actions } from "./src/audit/actions.ts";
import { AuditLog } from "./src/audit/audit-log.ts";
import { AuditReader } from "./src/audit/audit-reader.ts";
import { AuditTable } from "./src/audit/audit-table.ts";
import { FollowOthers } from "./src/audit/follow-others.ts";
import { Lab } from "./src/lab/lab.ts";
import { RunStore } from "./src/lab/run-store.ts";
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
const lab = new Lab({
  ...{ hub, log: writeLog, store: store === null ? null : new RunStore(store) },
  position: () => recorder.position(),
});

const app = next({ dev: process.env["LEASEHOLD_CONSOLE_DEV"] === "1", dir: import.meta.dirname });
await app.prepare();
const handle = app.getRequestHandler();
const access = new Access(config);
const oidc =
  config.access.oidc === null
    ? null
    : new Oidc(config.access.oidc, config.access.secrets, writeLog);
const auditTable = store === null ? null : new AuditTable(store);
const audit = new AuditLog(auditTable, writeLog, config.auditDays);
const actions = new Actions({
  audit,
  table: auditTable,
  tokens: config.tokens,
  tell: (frame) => gateway.tellActed(frame),
  position: () => recorder.state().last?.pos ?? null,
});
const others =
  auditTable === null
    ? null
    : new FollowOthers(auditTable, {
        isOwn: (action) => actions.has(action),
        tell: (frame) => gateway.tellActed(frame),
        log: writeLog,
      });
const sessions = new SessionApi({ access, oidc, guard, actions, log: writeLog });
const auditReader = new AuditReader(auditTable, audit);
const api = { hub, guard, tape, recorder, access, actions, auditReader, lab, log: writeLog };

const http = createServer((request, response) => {
  if (sessions.answer(request, response) || answerApi(api, request, response)) return;
  const reason = guard.refuse(request);
  if (reason !== null) {
    response.writeHead(403, { "content-type": "text/plain" }).end(reason);
    return;
  }
  showPage(request, response).catch((error: unknown) => {
    writeLog("error", "page failed", { url: request.url, error: String(error) });
    response.destroy();
  });
});
const gateway = new Gateway(hub, http, guard, access);
lab.listen((frame) => gateway.tellLab(frame));

async function showPage(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const instead = placeInstead(request, await access.whoIs(request));
  if (instead === null) return await handle(request, response);
  if (isPartOfPage(request)) response.writeHead(401).end();
  else response.writeHead(302, { location: instead, "cache-control": "no-store" }).end();
}

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
audit.start();
store?.onReady(() => others?.start());
recorder.start();
lab.start();
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
  // It heals what it has broken while the nodes can still be asked.
  await lab.stop();
  hub.stop();
  await gateway.stop();
  await table?.stop();
  await recorder.stop();
  others?.stop();
  await audit.stop();
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
