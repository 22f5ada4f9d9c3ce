import { fileURLToPath } from "node:url";

/** The checkout's root. */
export const root = fileURLToPath(new URL("../../../../", import.meta.url));
export const nodeProgram = fileURLToPath(new URL("../main.ts", import.meta.url));
export const consoleDirectory = fileURLToPath(new URL("../../../console/", import.meta.url));
export const endWithLauncher = new URL("./end-with-launcher.ts", import.meta.url).href;
