/**
 * Outlives a killed launcher: `node guard.ts <postgres pid> <cluster directory>`.
 *
 * Its standard input is a pipe whose other end only the launcher holds. However the launcher ends,
 * the system closes that pipe; then the guard stops the server, unless the launcher did.
 */
import { endPostmaster, isPostmasterOf } from "./postmaster.ts";

const pid = Number(process.argv[2]);
const cluster = process.argv[3] ?? "";
if (!Number.isInteger(pid) || cluster === "") {
  throw new Error("usage: guard.ts <postgres pid> <cluster directory>");
}

process.stdin.resume();
process.stdin.once("close", () => {
  // An error would be an unhandled rejection, whose text and exit code are all that we could add.
  void endPostmaster(pid, () => !isPostmasterOf(pid, cluster));
});
