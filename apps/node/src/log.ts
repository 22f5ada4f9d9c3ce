import type { LogFn } from "@leasehold/sharding";
import { pino } from "pino";

/** One JSON line per thing worth telling an operator, on stdout. */
export function createLog(fields: Readonly<Record<string, unknown>> = {}): LogFn {
  const logger = pino({
    base: fields,
    // Callers name what they log one by one; this is for the day somebody logs a whole object.
    redact: ["token", "secret", "password", "databaseUrl", "leaseDatabaseUrl", "*.password"],
    timestamp: pino.stdTimeFunctions.isoTime,
  });
  return (level, message, more) => logger[level](more ?? {}, message);
}
