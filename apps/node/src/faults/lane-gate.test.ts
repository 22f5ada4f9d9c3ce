import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { Worker } from "node:worker_threads";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { FaultyPostgresGate } from "./postgres-gate.ts";
import { SharedFaults } from "./shared-faults.ts";

let server: Server;
let port: number;
let accepted: Socket[];
let received: string;
let lanes: Worker[];
let shared: SharedFaults;
/** The main thread's. */
let gate: FaultyPostgresGate;

beforeEach(async () => {
  [accepted, received, lanes, shared] = [[], "", [], new SharedFaults()];
  gate = new FaultyPostgresGate({ shared });
  server = createServer((socket) => {
    accepted.push(socket);
    socket.on("error", () => undefined);
    socket.on("data", (chunk) => {
      received += chunk.toString();
      socket.write(chunk);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  port = (server.address() as AddressInfo).port;
});
afterEach(async () => {
  await Promise.all(lanes.map((lane) => lane.terminate()));
  for (const socket of accepted) socket.destroy();
  server.close();
});

interface Said {
  readonly wrote?: string;
  readonly heard?: string;
  readonly clockMs?: number;
}

/** A lane's thread with one connection, what it has written there, and what came back. */
function startLane() {
  const lane = new Worker(new URL("./fixtures/lane.ts", import.meta.url), {
    workerData: { memory: shared.memory, port },
  });
  lanes.push(lane);
  const did = { wrote: "", heard: "" };
  const clock = { hoursOff: 0 };
  lane.on("message", ({ wrote = "", heard = "", clockMs = 0 }: Said) => {
    did.wrote += wrote;
    did.heard += heard;
    if (clockMs > 0) clock.hoursOff = Math.round((clockMs - Date.now()) / 3_600_000) + 0;
  });
  return { did, clock, say: (text: string) => lane.postMessage(text) };
}

async function connectedLane() {
  const lane = startLane();
  lane.say("1");
  await until(() => expect(lane.did).toEqual({ wrote: "1", heard: "1" }));
  return lane;
}

/** A thread takes a while to start on a busy machine. */
const until = (check: () => void): Promise<void> => vi.waitFor(check, 10_000);

const sayToAll = (text: string): void => {
  for (const socket of accepted) socket.write(text);
};

describe("a fault that is set on the main thread", () => {
  test("stops what every lane sends, until it ends", async () => {
    const both = [await connectedLane(), await connectedLane()];
    const heal = gate.cut("out");
    for (const { say } of both) say("2");
    await until(() => expect(both.map(({ did }) => did.wrote)).toEqual(["12", "12"]));
    sayToAll(" still heard ");
    const dids = (heard: string) => both.map(() => ({ wrote: "12", heard }));
    await until(() => expect(both.map(({ did }) => did)).toEqual(dids("1 still heard ")));
    expect(received).toBe("11");
    heal();
    await until(() => expect(both.map(({ did }) => did)).toEqual(dids("1 still heard 2")));
  });

  test("stops what a lane hears, until it ends", async () => {
    const { did, say } = await connectedLane();
    const heal = gate.cut("in");
    say("2");
    await until(() => expect(received).toBe("12"));
    // It was sent back before this.
    say("3");
    await until(() => expect(received).toBe("123"));
    expect(did.heard).toBe("1");
    heal();
    await until(() => expect(did.heard).toBe("123"));
  });

  test("is on for a lane that starts meanwhile", async () => {
    const heal = gate.cut("both");
    const { did, say } = startLane();
    say("1");
    await until(() => expect(did.wrote).toBe("1"));
    const other = connect(port, "127.0.0.1");
    await once(other, "connect");
    await until(() => expect(accepted).toHaveLength(1));
    heal();
    await until(() => expect(did.heard).toBe("1"));
    expect(accepted).toHaveLength(2);
    other.destroy();
  });

  test("moves the wall clock of a lane, and sets it right at its end", async () => {
    const { clock, did, say } = await connectedLane();
    const end = shared.add({ clockMs: -3 * 3_600_000 });
    say("2");
    await until(() => expect(did.wrote).toBe("12"));
    expect(clock.hoursOff).toBe(-3);
    end();
    say("3");
    await until(() => expect(did.wrote).toBe("123"));
    expect(clock.hoursOff).toBe(0);
  });

  test("makes a lane's connection slow, and swift again at its end", async () => {
    const { did, say } = await connectedLane();
    const heal = gate.slow(60_000);
    say("2");
    say("3");
    await until(() => expect(did.wrote).toBe("123"));
    sayToAll(" still heard ");
    await until(() => expect(did.heard).toBe("1 still heard "));
    expect(received).toBe("1");
    heal();
    await until(() => expect(did.heard).toBe("1 still heard 23"));
  });
});
