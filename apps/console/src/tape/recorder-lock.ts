import pg from "pg";
import type { Log } from "../relay/log.ts";

/** How soon the lock is tried again by one that never had it: whoever had it comes back first. @unit milliseconds */
const retryMs = 3000;
const ownerRetryMs = 300;
/** A session that is gone for the server must be gone for us, too. @unit milliseconds */
const probeMs = 1000;

/**
 * Which of several consoles records: the one that holds a session's advisory lock. It is no more than a good guess for
 * whoever held it a moment ago; what keeps two recordings from mixing is the table (`TapeTable.append`).
 */
export class RecorderLock {
  readonly #options: { readonly url: string; readonly name: string; readonly log: Log };
  #client: pg.Client | null = null;
  #isHeld = false;
  #wasHeld = false;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #isStopped = false;

  constructor(url: string, name: string, log: Log) {
    this.#options = { url, name, log };
  }

  get isHeld(): boolean {
    return this.#isHeld;
  }

  start(): void {
    this.#turn().then(
      () => this.#again(probeMs),
      (error: unknown) => {
        this.#drop(String(error));
        this.#again(this.#wasHeld ? ownerRetryMs : retryMs);
      },
    );
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    const client = this.#client;
    this.#drop("stopped");
    await client?.end();
  }

  /** Another console has written: this one lost the lock and did not notice. */
  yield(): void {
    const client = this.#client;
    this.#drop("another console records");
    this.#wasHeld = false;
    client?.end().catch((error: unknown) => {
      this.#options.log("warn", "recorder lock", { error: String(error) });
    });
  }

  async #turn(): Promise<void> {
    const client = this.#client ?? (await this.#open());
    if (this.#isHeld) {
      await client.query("select 1");
      return;
    }
    const { rows } = await client.query<{ got: boolean }>(
      "select pg_try_advisory_lock(hashtextextended($1, 0)) as got",
      [`leasehold console ${this.#options.name}`],
    );
    this.#isHeld = rows[0]?.got === true && this.#client === client;
    if (this.#isHeld) this.#wasHeld = true;
  }

  async #open(): Promise<pg.Client> {
    const client = new pg.Client({
      connectionString: this.#options.url,
      application_name: "leasehold-console-recorder",
      connectionTimeoutMillis: 2000,
      query_timeout: 2000,
      statement_timeout: 2000,
      // It is asked once a second. One that is cut off from the server must not hold the lock for hours.
      options: `-c idle_session_timeout=${10 * probeMs}`,
    });
    const lost = (): void => {
      if (this.#client === client) this.#drop("connection lost");
    };
    client.on("error", lost);
    client.on("end", lost);
    await client.connect();
    this.#client = client;
    return client;
  }

  #drop(why: string): void {
    if (this.#isHeld) this.#options.log("info", "recording ends", { why });
    this.#isHeld = false;
    this.#client = null;
  }

  #again(afterMs: number): void {
    if (this.#isStopped) return;
    const waitMs = this.#isHeld || this.#wasHeld ? Math.min(afterMs, probeMs) : retryMs;
    this.#timer = setTimeout(() => this.start(), waitMs);
  }
}
