import { z } from "zod";
import { startChild } from "./child.ts";

/** The size that the console is built for. */
export const scale = { shards: 10_000, nodes: 100, changesPerSecond: 1_000 } as const;

export interface FeederOptions {
  readonly shards: number;
  readonly nodes: number;
  readonly changesPerSecond: number;
  /** How long a handoff stays in each of its two phases. @unit milliseconds @default 60 */
  readonly phaseMs?: number;
  /** Entries before the first. @default 0 */
  readonly pastEvents?: number;
}

const eventsAnswer = z.object({
  events: z.array(
    z.looseObject({ seq: z.int(), at: z.string(), type: z.string(), shard: z.int().optional() }),
  ),
});
export type FeederEvent = z.infer<typeof eventsAnswer>["events"][number];

/** An invented cluster in one process that speaks the observation protocol, at any size and rate. */
export class Feeder implements AsyncDisposable {
  /** Of each node, the first one's first. */
  readonly addresses: readonly string[];
  readonly #end: () => PromiseLike<void>;

  private constructor(addresses: readonly string[], end: () => PromiseLike<void>) {
    this.addresses = addresses;
    this.#end = end;
  }

  static async start(options: FeederOptions): Promise<Feeder> {
    const { nodes, shards, changesPerSecond, phaseMs = 60, pastEvents = 0 } = options;
    const flags = { nodes, shards, rate: changesPerSecond, phase: phaseMs, past: pastEvents };
    const args = Object.entries({ ...flags, port: 0 }).flatMap(([flag, value]) => [
      `--${flag}`,
      String(value),
    ]);
    const child = await startChild("feeder", ["src/testing/fake-main.ts", ...args], {});
    const addresses = child.said.replace("nodes=", "").split(",");
    return new Feeder(addresses, () => child[Symbol.asyncDispose]());
  }

  get nodeIds(): readonly string[] {
    const { length } = this.addresses;
    const digits = String(length).length;
    return this.addresses.map((_, index) => `node-${String(index + 1).padStart(digits, "0")}`);
  }

  /** What the console is told to begin with. */
  get seed(): string {
    return this.addresses[0] ?? "";
  }

  /** Position of the last commit. */
  async seq(): Promise<number> {
    return (await this.#ask("GET", "/v1/cluster", z.object({ seq: z.int() }))).seq;
  }

  async events(after: number, limit = 100_000): Promise<readonly FeederEvent[]> {
    const path = `/v1/events?after=${after}&limit=${limit}`;
    return (await this.#ask("GET", path, eventsAnswer)).events;
  }

  /** Has a shard move, by a plan of its own. */
  async move(shard: number, to: string): Promise<void> {
    const request = { kind: "move", moves: [{ group: "default", shard, to }] };
    const plan = z.object({ planId: z.string() });
    const { planId } = await this.#ask("POST", "/v1/plans", plan, request);
    await this.#ask("POST", `/v1/plans/${planId}/apply`, plan, {});
  }

  /** @param index of the node, from 0. */
  async fault(index: number, fault: Readonly<Record<string, unknown>>): Promise<void> {
    await this.#ask("POST", "/v1/faults", z.looseObject({}), fault, this.addresses[index]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end();
  }

  async #ask<S extends z.ZodType>(
    method: string,
    path: string,
    answer: S,
    body?: unknown,
    address = this.seed,
  ): Promise<z.infer<S>> {
    const response = await fetch(address + path, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status}`);
    return answer.parse(await response.json());
  }
}
