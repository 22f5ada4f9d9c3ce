import { rm } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { type Browser, expect, type Locator, type Page, type Response } from "@playwright/test";
import { z } from "zod";
import { freePorts, Launcher } from "../../cluster/harness/launcher.ts";
import { waitUntil } from "../../cluster/harness/wait-until.ts";
import { createDatabaseDir } from "../../support/database-dir.ts";

const program = fileURLToPath(import.meta.resolve("@leasehold/auction/main"));

/** `pnpm auction` without the console, with a data directory and ports of its own. */
export class Auction implements AsyncDisposable {
  readonly url: string;
  readonly #nodePort: number;
  readonly #launcher: Launcher;
  readonly #dataDir: string;

  private constructor(launcher: Launcher, dataDir: string, nodePort: number, url: string) {
    this.#launcher = launcher;
    this.#dataDir = dataDir;
    this.#nodePort = nodePort;
    this.url = url;
  }

  static async start(): Promise<Auction> {
    const dataDir = await createDatabaseDir("auction");
    // The web server takes the port itself, the nodes the next ones.
    const nodePort = (await freePorts(4)) + 1;
    const flags = ["--no-console", "--node-port", String(nodePort), "--respawn-ms", "60000"];
    const env = { LEASEHOLD_LEASE_TTL_MS: "2000" };
    const launcher = new Launcher(dataDir, flags, env, program);
    process.once("exit", () => launcher.child.kill("SIGTERM"));
    const [, url = ""] = await waitUntil(
      "the auction is open",
      () => {
        if (launcher.child.exitCode !== null) throw new Error(launcher.output);
        return /^ready auction=(\S+) console=- nodes=/m.exec(launcher.output);
      },
      { timeoutMs: 60_000 },
    );
    return new Auction(launcher, dataDir, nodePort, url);
  }

  async kill(nodeId: string): Promise<void> {
    const response = await fetch(`${this.#urlOf(nodeId)}/v1/faults`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ kind: "crash" }),
    });
    expect(response.status, `crash ${nodeId}`).toBe(200);
  }

  /** What is stored of an entity, oldest first. */
  async eventsOf(via: string, type: string, id: string): Promise<StoredEvent[]> {
    const path = `/v1/entities/${type}/${encodeURIComponent(id)}?events=100`;
    const response = await fetch(this.#urlOf(via) + path);
    return storedAnswer.parse(await response.json()).stored.events;
  }

  /** As Ctrl-C does. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#launcher.child.kill("SIGTERM");
    const { code } = await this.#launcher.exit();
    const left = this.#launcher.processes().map((one) => one.command);
    await this.#launcher.destroy();
    await rm(this.#dataDir, { recursive: true });
    expect(left, "processes that are left").toEqual([]);
    expect(code, this.#launcher.output).toBe(0);
  }

  #urlOf(nodeId: string): string {
    return `http://127.0.0.1:${this.#nodePort + Number(nodeId.slice("node-".length))}`;
  }
}

const storedEvent = z.object({ type: z.string(), data: z.unknown() });
type StoredEvent = z.infer<typeof storedEvent>;
const storedAnswer = z.object({ stored: z.object({ events: z.array(storedEvent) }) });

const sent = z.array(
  z.object({ entity: z.object({ type: z.string(), id: z.string() }), version: z.number() }),
);

/** The first message of events for a page that comes back with this cursor: its cursor, and what it tells. */
export async function comeBack(url: string, cursor: string | null) {
  const stop = new AbortController();
  const headers = cursor === null ? {} : { "last-event-id": cursor };
  const { body } = await fetch(`${url}/events`, { headers, signal: stop.signal });
  let text = "";
  for await (const chunk of body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += chunk;
    const [, id = "", data] = /^id: (.+)\nevent: events\ndata: (.+)\n\n/m.exec(text) ?? [];
    if (data === undefined) continue;
    stop.abort();
    const told = sent.parse(JSON.parse(data));
    const keys = told.map(({ entity, version }) => `${entity.type}/${entity.id}/${version}`);
    return { cursor: id, told: keys };
  }
  throw new Error(`No events, but: ${text}`);
}

/** A bidder's browser. */
export class Bidder {
  readonly name: string;
  readonly page: Page;

  constructor(name: string, page: Page) {
    this.name = name;
    this.page = page;
  }

  static async enter(browser: Browser, url: string, name: string, width: number): Promise<Bidder> {
    const context = await browser.newContext({ viewport: { width, height: 844 } });
    const page = await context.newPage();
    await page.goto(url);
    return new Bidder(name, page);
  }

  async sit(): Promise<void> {
    await this.page.getByLabel("Your name").fill(this.name);
    await this.page.getByRole("button", { name: "Take a seat" }).click();
    await expect(this.page.locator("#seated")).toContainText(`${this.name} has €1,000`);
  }

  lot(title: string): Locator {
    return this.page.locator(".lot", { has: this.page.getByRole("heading", { name: title }) });
  }

  /** @returns `accepted`, or the code of the refusal. */
  async bid(title: string, amount: number): Promise<string> {
    const lot = this.lot(title);
    await lot.getByLabel("Your bid").fill(String(amount));
    const answered = this.page.waitForResponse(/\/bids$/);
    await lot.getByRole("button", { name: "Bid" }).click();
    return await outcomeOf(await answered);
  }

  /** The same without the form, which goes away with the end of the bidding. */
  async bidLate(lot: string, amount: number): Promise<string> {
    const url = new URL(`/api/lots/${lot}/bids`, this.page.url()).href;
    const headers = { "idempotency-key": `${this.name}-${amount}` };
    const data = { bidder: this.name, amount };
    return await outcomeOf(await this.page.request.post(url, { headers, data }));
  }
}

async function outcomeOf(answer: Pick<Response, "ok" | "json">): Promise<string> {
  return answer.ok() ? "accepted" : refused.parse(await answer.json()).code;
}

const refused = z.object({ code: z.string() });
