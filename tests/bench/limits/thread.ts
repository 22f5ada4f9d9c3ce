/** The other thread of threads.ts: counts per entity and answers, an array for each array. */
import { parentPort, workerData } from "node:worker_threads";
import { Packr } from "msgpackr";
import { Ring } from "./ring.ts";
import { type ThreadData, writeTo } from "./threads.ts";

const packr = new Packr({ useRecords: false });
const counters = new Map<string, number>();
const data = workerData as ThreadData;

type Asked = [id: number, type: string, entity: string, command: string, input: { amount: number }];

function answersTo(bytes: Uint8Array): Uint8Array {
  const asked = packr.unpack(bytes) as Asked[];
  return packr.pack(
    asked.map(([id, , entity, , { amount }]) => {
      const value = (counters.get(entity) ?? 0) + amount;
      counters.set(entity, value);
      return [id, value];
    }),
  );
}

if (data.link === "port") {
  parentPort?.on("message", (bytes: Uint8Array) => parentPort?.postMessage(answersTo(bytes)));
} else {
  const answers = new Ring(data.answers);
  void new Ring(data.asks).follow((bytes) => writeTo(answers, answersTo(bytes)));
  // A thread that only waits for shared memory has nothing else that keeps it.
  parentPort?.on("message", () => undefined);
}
parentPort?.postMessage("ready");
