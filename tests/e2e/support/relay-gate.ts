import type { Page, WebSocketRoute } from "@playwright/test";
import { seqsOf } from "./seen-seqs.ts";

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

  #note(message: string): void {
    if (message.startsWith('42["snapshot"')) this.snapshots++;
    this.seqs.push(...seqsOf(message));
  }
}
