/**
 * Preloaded into the console (`--import`): it ends when the launcher's end of the channel closes, by
 * whatever the launcher died of.
 */
const graceMs = 5_000;

process.on("disconnect", () => {
  setTimeout(() => process.exit(1), graceMs).unref();
  process.kill(process.pid, "SIGTERM");
});

export {};
