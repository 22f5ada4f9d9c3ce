import { StoreUnsuitableError } from "../../errors.ts";

/** What `sql/inspect-server.ts` answers. */
export interface InspectedServer {
  readonly backendPid: number;
  readonly versionNumber: number;
  readonly version: string;
  readonly inRecovery: boolean;
  readonly fsync: string;
  readonly synchronousCommit: string;
}

/** The oldest major version whose settings and functions the leases rest on. */
const minimumMajor = 15;

/** @throws {StoreUnsuitableError} a lease on this server would mean nothing. */
export function refuseUnsuitable(server: InspectedServer): void {
  if (server.versionNumber < minimumMajor * 10_000) {
    throw new StoreUnsuitableError(
      `This server is PostgreSQL ${server.version}; leases need PostgreSQL ${minimumMajor} or newer.`,
    );
  }
  if (server.inRecovery) {
    throw new StoreUnsuitableError(
      "This server is a standby (pg_is_in_recovery): it grants locks that the primary has given away. " +
        "Set LEASE_DATABASE_URL to the address of the primary.",
    );
  }
  if (server.fsync !== "on") {
    throw new StoreUnsuitableError(
      `The server runs with fsync = ${server.fsync}: a crash could take back an epoch. Set fsync = on.`,
    );
  }
  if (server.synchronousCommit === "off") {
    throw new StoreUnsuitableError(
      "The server runs with synchronous_commit = off: a crash could take back an epoch. " +
        "Set it to on for this database or role.",
    );
  }
}
