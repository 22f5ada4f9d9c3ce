import { runLauncher } from "./run-launcher.ts";

/** `pnpm start`: a whole cluster on this machine, until Ctrl-C. */
process.exit(await runLauncher(process.argv.slice(2)));
