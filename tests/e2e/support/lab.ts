import { randomUUID } from "node:crypto";
import { z } from "zod";
import { waitUntil } from "../../cluster/harness/wait-until.ts";

const run = z.object({
  id: z.string(),
  state: z.enum(["running", "ended"]),
  verdict: z.object({ tag: z.string(), reasons: z.array(z.string()) }).nullable(),
  figures: z.object({ takeoverMs: z.number().nullable() }),
  faults: z.array(z.object({ endedMs: z.number().nullable() })),
  healed: z.object({ residual: z.number() }).nullable(),
});
export type Run = z.infer<typeof run>;

/** The lab of a console, asked as its own pages ask it. */
export class LabClient {
  readonly #url: string;

  constructor(consoleUrl: string) {
    this.#url = consoleUrl;
  }

  /** @returns its id. @throws where it is refused. */
  async start(scenario: string, params: Readonly<Record<string, unknown>> = {}): Promise<string> {
    const wanted = { run: randomUUID(), scenario, params };
    return run.parse(await this.#ask("POST", "/api/lab/runs", wanted)).id;
  }

  async find(id: string): Promise<Run> {
    return run.parse(await this.#ask("GET", `/api/lab/runs/${id}`));
  }

  /** Runs it to its verdict. */
  async play(scenario: string, params: Readonly<Record<string, unknown>> = {}): Promise<Run> {
    return await this.untilEnded(await this.start(scenario, params));
  }

  async untilEnded(id: string, timeoutMs = 60_000): Promise<Run> {
    return await waitUntil(
      `the run ${id} has ended`,
      async () => {
        const found = await this.find(id);
        return found.state === "ended" ? found : null;
      },
      { timeoutMs },
    );
  }

  async #ask(method: string, path: string, body?: unknown): Promise<unknown> {
    const response = await fetch(this.#url.replace(/\/$/, "") + path, {
      method,
      headers: { "leasehold-console": "1", "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const answer: unknown = await response.json();
    if (!response.ok) throw new Error(`${method} ${path}: ${JSON.stringify(answer)}`);
    return answer;
  }
}
