/**
 * Text from outside (names, reasons, labels) as it may stand in a log entry: well-formed Unicode without
 * NUL, and not longer than `limit` characters. PostgreSQL refuses the former two in jsonb, and a commit
 * that is refused for ever would stop the coordinator.
 */
export const cleanText = (text: string, limit = 1_000): string =>
  text.toWellFormed().replaceAll("\u0000", "\ufffd").slice(0, limit).toWellFormed();
