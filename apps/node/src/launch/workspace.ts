import { fileURLToPath } from "node:url";

/** The checkout's root. */
export const root = fileURLToPath(new URL("../../../../", import.meta.url));
export const nodeProgram = fileURLToPath(new URL("../main.ts", import.meta.url));
export const consoleDirectory = fileURLToPath(new URL("../../../console/", import.meta.url));
export const endWithLauncher = new URL("./end-with-launcher.ts", import.meta.url).href;
/**
 * Where Node.js keeps compiled modules. Shared by everything that is started from this checkout: the first
 * processes to end spend seconds on writing it, and one in each data directory would make each first stop slow.
 */
export const compileCache = fileURLToPath(
  new URL("../../../../node_modules/.cache/leasehold-compiled", import.meta.url),
);
