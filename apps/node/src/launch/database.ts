import { setTimeout as pause } from "node:timers/promises";
import { type EmbeddedPostgres, startEmbedded } from "@leasehold/db/embedded";
import type { DataDir } from "./data-dir.ts";
import type { LaunchFlags } from "./flags.ts";

export interface Database {
  readonly url: string;
  /** Null: as `url`. */
  readonly leaseUrl: string | null;
  /** Stops the server and starts it again; resolves when it runs. Null: the server is not the launcher's. */
  readonly restart: (() => Promise<void>) | null;
  stop(): Promise<void>;
}

/** The server that DATABASE_URL names, or an embedded one that lives as long as the launcher. */
export async function openDatabase(
  flags: LaunchFlags,
  dataDir: DataDir,
  say: (line: string) => void,
): Promise<Database> {
  const { DATABASE_URL: given, LEASE_DATABASE_URL: lease } = process.env;
  if (given !== undefined && given !== "") {
    if (flags.fresh)
      say("--fresh concerns the embedded PostgreSQL; the server of DATABASE_URL is left as it is");
    return { url: given, leaseUrl: lease || null, restart: null, stop: async () => undefined };
  }
  return await EmbeddedDatabase.start(flags, dataDir, say);
}

/** Started again when it ends unasked, at the same address. */
class EmbeddedDatabase implements Database {
  readonly url: string;
  readonly leaseUrl = null;
  readonly restart = (): Promise<void> => this.#restartNow();
  readonly #startServer: () => Promise<EmbeddedPostgres>;
  readonly #respawnMs: number;
  readonly #say: (line: string) => void;
  readonly #stopping = new AbortController();
  /** Somebody waits for the next one. */
  #isAsked = false;
  /** The one that runs, or the next one while none does. */
  #server: Promise<EmbeddedPostgres | null>;

  private constructor(
    server: EmbeddedPostgres,
    startServer: () => Promise<EmbeddedPostgres>,
    respawnMs: number,
    say: (line: string) => void,
  ) {
    this.url = server.url;
    this.#startServer = startServer;
    this.#respawnMs = respawnMs;
    this.#say = say;
    this.#server = Promise.resolve(server);
    this.#watch(server);
  }

  static async start(
    flags: LaunchFlags,
    dataDir: DataDir,
    say: (line: string) => void,
  ): Promise<EmbeddedDatabase> {
    const options = { dataDir: dataDir.path, log: say };
    const giveUpAtMs = performance.now() + (dataDir.wasAbandoned ? abandonedMs : 0);
    const server = await startPatiently({ ...options, port: 0, fresh: flags.fresh }, giveUpAtMs);
    const port = Number(new URL(server.url).port);
    return new EmbeddedDatabase(
      server,
      () => startEmbedded({ ...options, port }),
      flags.respawnMs,
      say,
    );
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await (await this.#server)?.stop();
  }

  async #restartNow(): Promise<void> {
    this.#isAsked = true;
    try {
      // One that has ended already is on its way back, and is not stopped a second time.
      await (await this.#server)?.stop();
      if ((await this.#server) === null) throw new Error("PostgreSQL did not start again.");
    } finally {
      this.#isAsked = false;
    }
  }

  #watch(server: EmbeddedPostgres): void {
    void server.ended.then(() => {
      if (this.#stopping.signal.aborted) return;
      const afterMs = this.#isAsked ? 0 : this.#respawnMs;
      const comesBack = this.#isAsked || afterMs > 0;
      this.#say(`PostgreSQL ended${comesBack ? `; it starts again in ${afterMs} ms` : ""}`);
      this.#server = comesBack ? this.#startAgain(server, afterMs) : Promise.resolve(server);
    });
  }

  async #startAgain(ended: EmbeddedPostgres, afterMs: number): Promise<EmbeddedPostgres | null> {
    try {
      // Its guard, too, must be gone before the next server begins.
      await ended.stop();
      await pause(afterMs, undefined, { signal: this.#stopping.signal });
      const server = await this.#startServer();
      this.#watch(server);
      return server;
    } catch (error) {
      if (!this.#stopping.signal.aborted)
        this.#say(`PostgreSQL cannot start again: ${String(error)}`);
      return null;
    }
  }
}

/** A killed launcher's server is stopped by its guard, which takes a moment. */
const abandonedMs = 15_000;

async function startPatiently(
  options: Parameters<typeof startEmbedded>[0],
  giveUpAtMs: number,
): Promise<EmbeddedPostgres> {
  for (;;) {
    try {
      return await startEmbedded(options);
    } catch (error) {
      if (performance.now() > giveUpAtMs) throw error;
      await pause(250);
    }
  }
}
