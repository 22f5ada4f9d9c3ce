import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { EmbeddedPostgresError } from "../errors.ts";

/**
 * Makes sure that a port can be listened on, before anything is started that would fail late.
 *
 * @param port 0 for any free port.
 * @returns the port.
 * @throws {EmbeddedPostgresError} when it is taken, or not ours to listen on.
 */
export async function reservePort(host: string, port: number): Promise<number> {
  const probe = createServer();
  probe.listen({ host, port, exclusive: true });
  try {
    await once(probe, "listening");
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const why = code === "EADDRINUSE" ? "another program listens there" : String(cause);
    throw new EmbeddedPostgresError(`PostgreSQL cannot use ${host}:${port}: ${why}.`, { cause });
  }
  const chosen = (probe.address() as AddressInfo).port;
  probe.close();
  await once(probe, "close");
  return chosen;
}

const tries = 5;

/**
 * Uses any free port. Between the look and the use another program may take it (its outgoing
 * connections are enough): then the next one is tried.
 *
 * @param use is told a port, and fails with the server's own words where it is taken.
 */
export async function onFreePort<T>(host: string, use: (port: number) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await use(await reservePort(host, 0));
    } catch (error) {
      const isTaken = error instanceof Error && error.message.includes("Address already in use");
      if (!isTaken || attempt === tries) throw error;
    }
  }
}
