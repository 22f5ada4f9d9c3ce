import { DatabaseError } from "pg";
import {
  SessionLostError,
  ShardingError,
  StoreUnavailableError,
  StoreUnsuitableError,
} from "../../errors.ts";

/**
 * What an error of the driver means for the caller.
 *
 * Anything that may pass by itself, or whose outcome is not known, is unavailability. What only a
 * person can change (no rights, no such database, no such table) is unsuitability. What is left, a
 * refused row above all, says that this program wrote what it must not: it stays as it is.
 */
export function storeError(error: unknown, doing: string): Error {
  if (error instanceof ShardingError) return error;
  if (!(error instanceof DatabaseError)) {
    return new StoreUnavailableError(`Postgres cannot be reached (${doing}): ${said(error)}`, {
      cause: error,
    });
  }
  const advice = adviceFor(error.code ?? "");
  if (advice !== null) {
    return new StoreUnsuitableError(`Postgres refuses (${doing}): ${error.message}. ${advice}`, {
      cause: error,
    });
  }
  if (isPassing(error.code ?? "")) {
    return new StoreUnavailableError(`Postgres did not answer (${doing}): ${error.message}`, {
      cause: error,
    });
  }
  return error;
}

export const sessionLost = (why: unknown): SessionLostError =>
  why instanceof SessionLostError
    ? why
    : new SessionLostError(`The lease session has ended: ${said(why)}`, { cause: why });

/** The server, or a pooler before it, does not take the parameters of the connection's start. */
export const refusesStartup = (error: unknown): boolean =>
  error instanceof DatabaseError &&
  error.code === "08P01" &&
  /startup (parameter|option)/i.test(error.message);

/** Set on this platform or version only: harmless where it cannot be set. */
export const isUnsettable = (error: unknown): boolean =>
  error instanceof DatabaseError && ["22023", "0A000", "42704", "55P02"].includes(error.code ?? "");

/**
 * The server took the statement back, for certain: also where it lacked room for it (53). Not so where it
 * ended the connection, which may have been after the commit.
 */
export const leavesNoTrace = (error: unknown): boolean =>
  error instanceof DatabaseError &&
  (["22", "23", "25", "40", "42", "53", "54", "55"].includes(error.code?.slice(0, 2) ?? "") ||
    error.code === "57014");

/** The statement said something that no table, or no index (54), takes: the same one again would fail again. */
export const isRefusedRow = (error: unknown): boolean =>
  error instanceof DatabaseError && ["22", "23", "54"].includes(error.code?.slice(0, 2) ?? "");

export const isDuplicate = (error: unknown): boolean =>
  error instanceof DatabaseError && error.code === "23505";

function isPassing(code: string): boolean {
  const passingClasses = ["08", "40", "53", "57", "58", "XX"];
  return passingClasses.includes(code.slice(0, 2)) || code === "55P03" || code === "25006";
}

function adviceFor(code: string): string | null {
  if (code.startsWith("28")) return "Check the user and the password in the database's address.";
  switch (code) {
    case "3D000":
      return "Create the database, or correct its name in the address.";
    case "3F000":
    case "42P01":
    case "42703":
      return 'The schema is missing or old: run "leasehold migrate", or start a node with --migrate.';
    case "42501":
      return "Grant this role the rights on the cluster's schema; all nodes use one role.";
    case "55000":
      return "This server is a standby: use the address of the primary.";
    default:
      return null;
  }
}

const said = (error: unknown): string => {
  if (error instanceof AggregateError && error.message === "") {
    return error.errors.map(said).join("; ");
  }
  return error instanceof Error ? error.message : String(error);
};
