import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { Packr } from "msgpackr";
import { keepAsking, type Measured } from "../support/asking.ts";
import { idsOf, usual } from "../support/echo.ts";
import { Ring } from "./ring.ts";

const program = new URL("./thread.ts", import.meta.url);
const ringBytes = 1 << 20;

/** What the other thread is started with. */
export type ThreadData =
  | { readonly link: "port" }
  | {
      readonly link: "ring";
      readonly asks: SharedArrayBuffer;
      readonly answers: SharedArrayBuffer;
    };

export interface ThreadEcho {
  run(inFlight: number, ms: number): Promise<Measured>;
  close(): Promise<unknown>;
}

/** One thread asks, another answers; what is asked in one microtask turn goes over as one packed array. */
export async function openThread(link: ThreadData["link"]): Promise<ThreadEcho> {
  const packr = new Packr({ useRecords: false });
  const pending = new Map<number, () => void>();
  const onAnswers = (bytes: Uint8Array): void => {
    for (const [id] of packr.unpack(bytes) as [number, number][]) {
      pending.get(id)?.();
      pending.delete(id);
    }
  };
  const { worker, send } = link === "port" ? await overPort(onAnswers) : await overRing(onAnswers);
  let lastId = 0;
  let queue: unknown[] = [];
  const note = "x".repeat(usual.noteLength);
  const ids = idsOf();
  const ask = (turn: number): Promise<void> =>
    new Promise((resolve) => {
      const id = ++lastId;
      pending.set(id, resolve);
      const entity = ids[turn % ids.length];
      if (queue.push([id, "counter", entity, "add", { amount: 1, note }]) > 1) return;
      queueMicrotask(() => {
        const batch = queue;
        queue = [];
        send(packr.pack(batch));
      });
    });
  return {
    run: (inFlight, ms) => keepAsking(ask, inFlight, ms),
    close: () => worker.terminate(),
  };
}

interface Opened {
  readonly worker: Worker;
  readonly send: (bytes: Uint8Array) => void;
}

async function overPort(onAnswers: (bytes: Uint8Array) => void): Promise<Opened> {
  const worker = await start({ link: "port" });
  worker.on("message", onAnswers);
  return { worker, send: (bytes) => worker.postMessage(bytes) };
}

async function overRing(onAnswers: (bytes: Uint8Array) => void): Promise<Opened> {
  const asks = Ring.ofSize(ringBytes);
  const answers = Ring.ofSize(ringBytes);
  const worker = await start({ link: "ring", asks: asks.memory, answers: answers.memory });
  void answers.follow(onAnswers);
  return { worker, send: (bytes) => writeTo(asks, bytes) };
}

/** A ring that holds everything that is ever under way here cannot be full. */
export function writeTo(ring: Ring, bytes: Uint8Array): void {
  if (!ring.tryWrite(bytes)) throw new Error(`The ring has no room for ${bytes.length} bytes.`);
  ring.notify();
}

async function start(data: ThreadData): Promise<Worker> {
  const worker = new Worker(program, { workerData: data });
  await once(worker, "message");
  return worker;
}
