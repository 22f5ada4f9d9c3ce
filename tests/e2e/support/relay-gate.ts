import type { Page, WebSocketRoute } from "@playwright/test";
import { z } from "zod";

const logFrame = z.tuple([
  z.literal("log"),
  z.object({ entries: z.array(z.object({ seq: z.int() })) }),
]);

/** Stands between the page and its relay: lets frames pass, keeps them back, or closes the line. */
export class RelayGate {
  /** Of each log entry that the page was given, in their order. */
  readonly seqs: number[] = [];
  snapshots = 0;
  /** How often the page tried to connect. */
  tries = 0;
  #mode: "open" | "silent" | "closed" = "open";
  readonly #lines = new Set<WebSocketRoute>();

  static async before(page: Page): Promise<RelayGate> {
    const gate = new RelayGate();
    await page.routeWebSocket(/\/relay\//, (line) => gate.#connect(line));
    return gate;
  }

  /** The line stays open and nothing comes through it. */
  silence(): void {
    this.#mode = "silent";
  }

  /** Ends the line; every try to connect again ends at once. */
  async close(): Promise<void> {
    this.#mode = "closed";
    await Promise.all([...this.#lines].map((line) => line.close()));
    this.#lines.clear();
  }

  open(): void {
    this.#mode = "open";
  }

  #connect(line: WebSocketRoute): void {
    this.tries++;
    if (this.#mode === "closed") {
      void line.close();
      return;
    }
    this.#lines.add(line);
    const relay = line.connectToServer();
    relay.onMessage((message) => {
      if (this.#mode !== "open") return;
      this.#note(String(message));
      line.send(message);
    });
  }

  /** An event of socket.io is `42` and a JSON array of its name and its body. */
  #note(message: string): void {
    if (!message.startsWith("42")) return;
    const event: unknown = JSON.parse(message.slice(2));
    if (Array.isArray(event) && event[0] === "snapshot") this.snapshots++;
    const log = logFrame.safeParse(event);
    if (log.success) this.seqs.push(...log.data[1].entries.map((entry) => entry.seq));
  }
}
