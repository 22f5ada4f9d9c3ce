import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { GatedStream } from "./gated-stream.ts";
import { FaultyPostgresGate } from "./postgres-gate.ts";

let server: Server;
let port: number;
/** The server's side of each connection. */
let accepted: Socket[];
let gate: FaultyPostgresGate;

beforeEach(async () => {
  accepted = [];
  gate = new FaultyPostgresGate();
  server = createServer((socket) => {
    accepted.push(socket);
    socket.on("error", () => undefined);
    socket.on("data", (chunk) => socket.write(chunk));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  port = (server.address() as AddressInfo).port;
});
afterEach(() => {
  for (const socket of accepted) socket.destroy();
  server.close();
});

/** A stream, and all that came back on it. */
function open() {
  const stream = gate.stream() as GatedStream;
  const echo = { text: "", isEnded: false, isClosed: false, error: null as Error | null };
  stream.on("data", (chunk: Buffer) => {
    echo.text += chunk.toString();
  });
  stream.on("end", () => {
    echo.isEnded = true;
  });
  stream.on("close", () => {
    echo.isClosed = true;
  });
  stream.on("error", (error) => {
    echo.error = error;
  });
  stream.setNoDelay(true);
  stream.connect(port, "127.0.0.1");
  return { stream, echo };
}

async function connected() {
  const opened = open();
  await once(opened.stream, "connect");
  opened.stream.setKeepAlive(true, 0);
  return opened;
}

/** Everything that could have arrived on loopback by now has: a second connection has made a round trip. */
async function roundTrip(): Promise<void> {
  const other = new (await import("node:net")).Socket();
  other.connect(port, "127.0.0.1");
  other.write("ping");
  await once(other, "data");
  other.destroy();
}

const serverSide = (): Socket => accepted[0] as Socket;

describe("the gate to Postgres", () => {
  test("without faults is a socket: bytes, half-close, close", async () => {
    const { stream, echo } = await connected();
    stream.write("one ");
    stream.cork();
    stream.write("two ");
    stream.write("three");
    stream.uncork();
    await vi.waitFor(() => expect(echo.text).toBe("one two three"));
    stream.end();
    await vi.waitFor(() =>
      expect(echo).toMatchObject({ isEnded: true, isClosed: true, error: null }),
    );
  });

  test("reports a refused connection as a socket does", async () => {
    server.close();
    await once(server, "close");
    const { echo } = open();
    await vi.waitFor(() => expect(echo.error).toMatchObject({ code: "ECONNREFUSED" }));
    await vi.waitFor(() => expect(echo.isClosed).toBe(true));
  });

  test("a cut out stops what is sent, and heals in order", async () => {
    const { stream, echo } = await connected();
    const received: string[] = [];
    await vi.waitFor(() => expect(accepted).toHaveLength(1));
    serverSide().on("data", (chunk) => received.push(chunk.toString()));
    const heal = gate.cut("out");
    stream.write("one ");
    stream.write("two");
    serverSide().write("still heard ");
    await vi.waitFor(() => expect(echo.text).toBe("still heard "));
    await roundTrip();
    expect(received).toEqual([]);
    heal();
    await vi.waitFor(() => expect(echo.text).toBe("still heard one two"));
  });

  test("a cut in stops what comes, the server's end included, and heals in order", async () => {
    const { stream, echo } = await connected();
    const heal = gate.cut("in");
    stream.write("one ");
    await vi.waitFor(() => expect(accepted).toHaveLength(1));
    await once(serverSide(), "data");
    serverSide().end("two");
    await roundTrip();
    expect(echo).toMatchObject({ text: "", isEnded: false, isClosed: false });
    heal();
    await vi.waitFor(() =>
      expect(echo).toMatchObject({ text: "one two", isEnded: true, isClosed: true }),
    );
  });

  test("connecting hangs while any direction is cut, and goes on after it", async () => {
    const heal = gate.cut("in");
    const { stream, echo } = open();
    stream.write("startup");
    await roundTrip();
    expect(accepted).toHaveLength(1);
    heal();
    await vi.waitFor(() => expect(echo.text).toBe("startup"));
  });

  test("a stream destroyed while out is cut stays open for the server, until the heal delivers what it wrote", async () => {
    const { stream, echo } = await connected();
    await vi.waitFor(() => expect(accepted).toHaveLength(1));
    const seen = { text: "", isClosed: false };
    serverSide().on("data", (chunk) => {
      seen.text += chunk.toString();
    });
    serverSide().on("close", () => {
      seen.isClosed = true;
    });
    const heal = gate.cut("both");
    stream.write("too late");
    stream.destroy();
    await vi.waitFor(() => expect(echo.isClosed).toBe(true));
    await roundTrip();
    expect(seen).toEqual({ text: "", isClosed: false });
    heal();
    await vi.waitFor(() => expect(seen).toEqual({ text: "too late", isClosed: true }));
  });

  test("a stream destroyed without a fault closes at once", async () => {
    const { stream } = await connected();
    await vi.waitFor(() => expect(accepted).toHaveLength(1));
    const closed = once(serverSide(), "close");
    stream.destroy();
    await closed;
  });

  test("a slow link delays what is sent and keeps it in order", async () => {
    const { stream, echo } = await connected();
    const heal = gate.slow(50);
    const sentAtMs = performance.now();
    stream.write("one ");
    stream.write("two ");
    await vi.waitFor(() => expect(echo.text).toBe("one two "));
    expect(performance.now() - sentAtMs).toBeGreaterThan(45);
    stream.write("three");
    heal();
    await vi.waitFor(() => expect(echo.text).toBe("one two three"));
  });

  test("much data passes in both directions while a cut comes and goes", async () => {
    const { stream, echo } = await connected();
    const text = "0123456789".repeat(200_000);
    const heal = gate.cut("both");
    stream.write(text.slice(0, 1_000_000));
    stream.write(text.slice(1_000_000));
    heal();
    gate.cut("in")();
    gate.cut("out")();
    await vi.waitFor(() => expect(echo.text.length).toBe(text.length), 5_000);
    expect(echo.text).toBe(text);
  });
});
