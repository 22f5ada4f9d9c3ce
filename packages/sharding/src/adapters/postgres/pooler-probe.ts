import { type ConnectionOptions, newConnection, type RawConnection } from "./connection.ts";
import { sessionNotKept } from "./session-settings.ts";

/**
 * Refuses a pooler in transaction mode, whose clients share server sessions.
 *
 * While nobody else is about, such a pooler gives one client the same server session again and again,
 * so looking at it from inside shows nothing. What gives it away is a second connection: in a
 * transaction of its own it gets the very session that the first one believes to have, or takes its
 * place so that the first one is moved to another.
 *
 * The second connection is only opened where something stands in between at all: then the process id
 * that the connection was told at its start (for cancelling) is not that of the backend that answers.
 */
export async function refusePooler(
  connection: RawConnection,
  backendPid: number,
  to: ConnectionOptions,
): Promise<void> {
  if (announcedPid(connection) === backendPid) return;
  const other = newConnection({ ...to, applicationName: "lease probe" });
  other.client.on("error", () => undefined);
  try {
    await other.client.connect();
    await other.client.query("begin");
    const isShared = (await pidOf(other)) === backendPid;
    const isMoved = (await pidOf(connection)) !== backendPid;
    await other.client.query("rollback");
    if (isShared || isMoved) throw sessionNotKept();
    await other.client.end();
  } finally {
    other.destroy();
  }
}

const announcedPid = ({ client }: RawConnection): number | null =>
  (client as unknown as { readonly processID: number | null }).processID;

async function pidOf({ client }: RawConnection): Promise<number | undefined> {
  const { rows } = await client.query<{ pid: number }>("select pg_backend_pid() as pid");
  return rows[0]?.pid;
}
