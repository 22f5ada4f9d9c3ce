import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** A way to a server that nobody gets through yet. */
export interface ClosedLine extends AsyncDisposable {
  /** The server's, by way of this line. */
  readonly url: string;
  open(): void;
  /** Ends what goes through, and lets nobody through from then on. */
  cut(): void;
}

export async function openLine(server: URL): Promise<ClosedLine> {
  const sockets = new Set<Socket>();
  let isOpen = false;
  const line = createServer((near) => {
    if (!isOpen) {
      near.destroy();
      return;
    }
    const far = connect(Number(server.port), server.hostname);
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one);
      one.pipe(other);
      // Whichever end breaks, the other one follows.
      one.on("error", () => other.destroy());
      one.on("close", () => {
        sockets.delete(one);
        other.destroy();
      });
    }
  });
  line.listen(0, "127.0.0.1");
  await once(line, "listening");
  const url = new URL(server);
  url.host = `127.0.0.1:${(line.address() as AddressInfo).port}`;
  return {
    url: url.href,
    open: () => {
      isOpen = true;
    },
    cut: () => {
      isOpen = false;
      for (const socket of sockets) socket.destroy();
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      line.close();
      await once(line, "close");
    },
  };
}
