import { createServer, type Server, Socket } from "node:net";

/**
 * Stands between a browser and a console as a cable does: passes bytes, keeps them back, or cuts. It
 * reads none of them, so that it costs the same at any rate.
 */
export class LineGate implements AsyncDisposable {
  /** When the last line came that was let through; 0 before the first. `Date.now()` */
  openedAtMs = 0;
  readonly #server: Server;
  readonly #lines = new Set<readonly [browser: Socket, console: Socket]>();
  #mode: "open" | "silent" | "closed" = "open";

  private constructor(server: Server) {
    this.#server = server;
  }

  /** @param url the console's. */
  static async before(url: string): Promise<LineGate> {
    const { hostname, port } = new URL(url);
    const server = createServer({ noDelay: true });
    const gate = new LineGate(server);
    server.on("connection", (browser) => {
      gate.#pass(browser, new Socket().connect(Number(port), hostname));
    });
    await new Promise<void>((resolve) => server.listen(0, hostname, resolve));
    return gate;
  }

  get url(): string {
    const address = this.#server.address();
    if (typeof address !== "object" || address === null) throw new Error("The gate has no port.");
    return `http://${address.address}:${address.port}`;
  }

  open(): void {
    this.#mode = "open";
  }

  /** The lines stay and nothing comes through. */
  silence(): void {
    this.#mode = "silent";
    for (const line of this.#lines) for (const socket of line) socket.pause();
  }

  /** Ends the lines, and each new one at once. */
  close(): void {
    this.#mode = "closed";
    for (const line of this.#lines) for (const socket of line) socket.resetAndDestroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #pass(browser: Socket, console: Socket): void {
    const line = [browser, console] as const;
    for (const socket of line) {
      // A line that breaks is what this is for: its other half ends with it.
      socket.on("error", () => undefined);
      socket.on("close", () => {
        this.#lines.delete(line);
        for (const it of line) it.destroy();
      });
    }
    if (this.#mode !== "open") return void browser.resetAndDestroy();
    this.openedAtMs = Date.now();
    this.#lines.add(line);
    browser.pipe(console).pipe(browser);
  }
}
