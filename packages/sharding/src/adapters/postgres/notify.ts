import { escapeIdentifier } from "pg";
import type { NodeId, Seq } from "../../core/ids.ts";
import type { LogFn } from "../../node-api.ts";
import type { ChangeHint } from "../../ports/state-store.ts";
import { type ConnectionOptions, newConnection, type RawConnection } from "./connection.ts";
import { plainSettings, setAll } from "./session-settings.ts";

export interface LogNotificationsOptions extends ConnectionOptions {
  readonly channel: string;
  readonly log: LogFn;
  /** How often a silent connection is asked whether it lives. @unit milliseconds */
  readonly livenessMs: number;
}

type Hint = (hint: ChangeHint) => void;
type Subscriber = { readonly fn: Hint };

const firstBackoffMs = 50;
const longestBackoffMs = 2_000;

/**
 * The LISTEN connection, opened by the first subscriber.
 *
 * Notifications are hints: what was sent while the connection was away is lost, so each new
 * connection begins with a hint of its own. A connection of its own, because a lease session that
 * listens can be kept alive by a full socket buffer long after its holder froze.
 */
export class LogNotifications {
  readonly #options: LogNotificationsOptions;
  readonly #subscribers = new Set<Subscriber>();
  #connection: RawConnection | null = null;
  #timer: NodeJS.Timeout | undefined;
  #backoffMs = firstBackoffMs;
  #isListening = false;
  #state: "idle" | "running" | "closed" = "idle";

  constructor(options: LogNotificationsOptions) {
    this.#options = options;
  }

  subscribe(fn: Hint): () => void {
    const subscriber = { fn };
    this.#subscribers.add(subscriber);
    if (this.#state === "idle") {
      this.#state = "running";
      this.#connect();
    }
    // What the others were hinted when the connection was opened; never within the call, because a
    // subscriber is not ready for its first hint before it returns.
    if (this.#isListening) queueMicrotask(() => this.#hint({ seq: null }, [subscriber]));
    return () => this.#subscribers.delete(subscriber);
  }

  async close(): Promise<void> {
    this.#state = "closed";
    this.#subscribers.clear();
    clearTimeout(this.#timer);
    const connection = this.#connection;
    if (connection === null) return;
    const drop = setTimeout(connection.destroy, this.#options.timeoutMs);
    await connection.client.end().catch((error) => this.#tell("closing", error));
    clearTimeout(drop);
  }

  #connect(): void {
    const connection = newConnection(this.#options);
    const { client } = connection;
    this.#connection = connection;
    let why: Error | null = null;
    client.on("error", (error) => {
      why ??= error;
    });
    client.once("end", () => this.#retry(why));
    client.on("notification", ({ payload }) => this.#hint(hintOf(payload)));
    client
      .connect()
      .then(() => setAll(client, this.#settings()))
      .then(() => client.query(`listen ${escapeIdentifier(this.#options.channel)}`))
      .then(() => {
        this.#backoffMs = firstBackoffMs;
        this.#isListening = true;
        this.#hint({ seq: null });
        this.#watch(connection);
      })
      .catch((error: Error) => {
        why ??= error;
        connection.destroy();
      });
  }

  /** A listener that froze is let go, because the server keeps notifications until all have read them. */
  #settings() {
    const { timeoutMs, livenessMs } = this.#options;
    return {
      ...plainSettings(timeoutMs),
      idle_session_timeout: String(3 * livenessMs + timeoutMs),
    };
  }

  /** A black hole looks like silence: only a question that stays without an answer tells. */
  #watch(connection: RawConnection): void {
    if (this.#state === "closed") return;
    this.#timer = setTimeout(() => {
      connection.client.query("select").then(
        () => this.#watch(connection),
        () => connection.destroy(),
      );
    }, this.#options.livenessMs);
  }

  #retry(why: Error | null): void {
    this.#isListening = false;
    if (this.#state === "closed") return;
    if (why !== null) this.#tell("lost", why);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#connect(), this.#backoffMs);
    this.#backoffMs = Math.min(this.#backoffMs * 2, longestBackoffMs);
  }

  #hint(hint: ChangeHint, to: Iterable<Subscriber> = this.#subscribers): void {
    for (const subscriber of [...to]) {
      if (this.#subscribers.has(subscriber)) subscriber.fn(hint);
    }
  }

  #tell(what: string, error: Error): void {
    this.#options.log("debug", `The connection that listens for changes: ${what}.`, {
      why: error.message,
    });
  }
}

const lettersPrefix = "letters ";

/** What is said on the channel about a letter to this node. */
export const lettersHint = (to: NodeId): string => lettersPrefix + to;

function hintOf(payload = ""): ChangeHint {
  if (!payload.startsWith(lettersPrefix)) return { seq: seqOf(payload) };
  return { seq: null, lettersTo: payload.slice(lettersPrefix.length) };
}

function seqOf(payload: string): Seq | null {
  const seq = Number(payload);
  return Number.isSafeInteger(seq) && seq > 0 ? seq : null;
}
