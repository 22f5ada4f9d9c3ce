import { startChild } from "./child.ts";

/** A console's server without a launcher, for what a cluster in order never shows. */
export interface BareConsole extends AsyncDisposable {
  readonly url: string;
}

/** @param env its settings; it listens on any free port. The production build must exist. */
export async function startConsole(env: NodeJS.ProcessEnv): Promise<BareConsole> {
  const child = await startChild("console", ["server.ts"], { LEASEHOLD_CONSOLE_PORT: "0", ...env });
  return { url: child.said, [Symbol.asyncDispose]: () => child[Symbol.asyncDispose]() };
}
