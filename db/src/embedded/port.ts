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
