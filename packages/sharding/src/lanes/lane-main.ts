import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import { createPostgresJournal } from "../adapters/postgres/index.ts";
import { clockFrom } from "../adapters/system-clock.ts";
import type { LogFn } from "../node-api.ts";
import { catalogOf } from "../runtime/entities/catalog.ts";
import { LaneHost } from "../runtime/lanes/lane-host.ts";
import type { LaneLink } from "../runtime/lanes/lane-messages.ts";
import { openGate } from "./lane-gate.ts";
import type { LaneData } from "./lane-threads.ts";
import { loadEntities } from "./load-entities.ts";

// A lane's thread. What is thrown here, now or later, ends it: the main thread hears of it.
const { setup, entities, clockOriginMs, journal, gate, replies } = workerData as LaneData;
const inbox = parentPort as MessagePort;

const link: LaneLink = {
  onInbox: (fn) => inbox.on("message", fn),
  onAnswers: (fn) => replies.on("message", fn),
  post: (batch, transfer) => replies.postMessage(batch, transfer),
};
const log: LogFn = (level, message, fields) =>
  link.post([{ tag: "log", level, message, fields }], []);

const opened = gate === null ? null : await openGate(gate);
const types = await loadEntities(new URL(entities));
const catalog = catalogOf(opened?.watchEntities(types) ?? types);
const isDurable = [...catalog.types.values()].some(({ events }) => events !== null);
const host = new LaneHost({
  ...{ setup, catalog, link, clock: clockFrom(clockOriginMs) },
  journal:
    isDurable && journal !== null
      ? createPostgresJournal({ ...journal, stream: opened?.postgresStream, log })
      : null,
});
host.start();
