/** One line of JSON for each thing worth telling an operator. */
export type Log = (
  level: "info" | "warn" | "error",
  message: string,
  fields?: Readonly<Record<string, unknown>>,
) => void;

export const writeLog: Log = (level, message, fields) => {
  const line = JSON.stringify({ at: new Date().toISOString(), level, message, ...fields });
  process.stderr.write(`${line}\n`);
};
