import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";

type Row = Readonly<Record<string, string>>;

/**
 * A server that says it is PostgreSQL 14: it lets everybody in, and answers every query with what the
 * version checks of the schema and of the lease session ask for. Text format, no parameters.
 */
export async function startOldPostgres(): Promise<{
  readonly url: string;
  close(): Promise<void>;
}> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => socket.destroy());
    serve(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `postgres://somebody:hunter2@127.0.0.1:${port}/old`,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

const ready = message("Z", Buffer.from("I"));
const notKnown = message(
  "E",
  Buffer.from("SERROR\0C0A000\0Mthis server answers simple queries only\0\0"),
);

function serve(socket: Socket): void {
  let unread: Buffer = Buffer.alloc(0);
  let isWelcome = false;
  socket.on("data", (bytes: Buffer) => {
    unread = Buffer.concat([unread, bytes]);
    for (;;) {
      // The startup message alone has no type before its length.
      const lengthAt = isWelcome ? 1 : 0;
      if (unread.length < lengthAt + 4) return;
      const end = lengthAt + unread.readInt32BE(lengthAt);
      if (unread.length < end) return;
      const frame = unread.subarray(0, end);
      unread = unread.subarray(end);
      if (isWelcome) answer(socket, frame);
      else socket.write(Buffer.concat([message("R", Buffer.alloc(4)), ready]));
      isWelcome = true;
    }
  });
}

function answer(socket: Socket, frame: Buffer): void {
  const type = frame.toString("latin1", 0, 1);
  if (type === "X") return void socket.end();
  // The extended protocol ends with a Sync, and only that is answered.
  if (type === "S") return void socket.write(Buffer.concat([notKnown, ready]));
  if (type !== "Q") return;
  const asksForLease = frame.includes("versionNumber");
  const row: Row = asksForLease
    ? { versionNumber: "140019", version: "14.19" }
    : { version: "14.19", number: "140019" };
  socket.write(Buffer.concat([...tableOf(row), message("C", text("SELECT 1")), ready]));
}

function tableOf(row: Row): Buffer[] {
  const names = Object.entries(row).map(([name, value]) => {
    const field = Buffer.alloc(18);
    field.writeInt32BE(/^\d+$/.test(value) ? 23 : 25, 6);
    field.writeInt16BE(-1, 10);
    field.writeInt32BE(-1, 12);
    return Buffer.concat([text(name), field]);
  });
  const values = Object.values(row).map((value) =>
    Buffer.concat([int32(value.length), Buffer.from(value)]),
  );
  const count = Buffer.of(0, names.length);
  return [
    message("T", Buffer.concat([count, ...names])),
    message("D", Buffer.concat([count, ...values])),
  ];
}

function message(type: string, body: Buffer): Buffer {
  return Buffer.concat([Buffer.from(type), int32(body.length + 4), body]);
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

function text(value: string): Buffer {
  return Buffer.from(`${value}\0`);
}
