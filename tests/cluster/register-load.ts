import { type Client, createClient } from "@leasehold/sharding/client";
import type { Operation } from "../support/register-history.ts";
import { type Outcome, outcomeOf } from "./harness/outcome.ts";
import { type TestCluster, waitUntil } from "./harness.ts";

export interface RegisterLoadOptions {
  /** Callers, each with one call at a time. */
  readonly clients: number;
  readonly ids: number;
  /** Of the registers' ids. */
  readonly prefix: string;
  /** Short, so that a call to a node that stands still does not keep its caller for long. @unit milliseconds @default 3000 */
  readonly deadlineMs?: number;
  /** Changes nothing. @default false */
  readonly readsOnly?: boolean;
}

/** Reads, writes and compare-and-sets of a few registers, over all nodes that run; every value is new. */
export class RegisterLoad {
  readonly ids: readonly string[];
  readonly #history = new Map<string, Operation[]>();
  readonly #client: Client;
  readonly #readsOnly: boolean;
  readonly #callers: readonly Promise<void>[];
  #isStopping = false;
  #sent = 0;
  #answered = 0;

  constructor(
    cluster: Pick<TestCluster, "nodes">,
    { clients, ids, prefix, deadlineMs = 3_000, readsOnly = false }: RegisterLoadOptions,
  ) {
    this.#readsOnly = readsOnly;
    this.ids = Array.from({ length: ids }, (_, index) => `${prefix}-${index}`);
    for (const id of this.ids) this.#history.set(id, []);
    const nodes = () => cluster.nodes.filter((node) => node.isRunning).map((node) => node.url);
    this.#client = createClient({ nodes, deadlineMs });
    this.#callers = Array.from({ length: clients }, (_, caller) => this.#call(caller));
  }

  async untilAnswered(more: number): Promise<void> {
    const goal = this.#answered + more;
    await waitUntil(`${more} more calls were answered`, () => this.#answered >= goal, {
      timeoutMs: 30_000,
    });
  }

  /** Nothing is sent any more, and everything that was has an answer or never will. */
  async pause(): Promise<void> {
    this.#isStopping = true;
    await Promise.all(this.#callers);
  }

  async stop(): Promise<ReadonlyMap<string, readonly Operation[]>> {
    await this.pause();
    return this.#history;
  }

  async #call(caller: number): Promise<void> {
    let seen: string | null = null;
    while (!this.#isStopping) {
      const number = this.#sent;
      this.#sent += 1;
      const id = this.ids[number % this.ids.length] as string;
      const kinds = this.#readsOnly ? (["read"] as const) : (["write", "read", "cas"] as const);
      const kind = kinds[(number + caller) % kinds.length] ?? "read";
      const value = kind === "read" ? null : `${id}/${number}`;
      const expect = kind === "cas" ? { expect: seen } : {};
      const input = kind === "read" ? null : { ...expect, value };
      const startMs = performance.now();
      const asked = this.#client.ask({
        ...{ type: "register", id, command: kind, input },
        // Every other one under a key: there an outcome that got lost is asked for again.
        ...(number % 2 === 0 || this.#readsOnly ? {} : { key: `key-${number}` }),
      });
      const result = judge(kind, await outcomeOf(asked));
      const endMs = performance.now();
      this.#history.get(id)?.push({ kind, startMs, endMs, value, ...expect, outcome: result });
      if (result.tag !== "answered") continue;
      seen = result.seen;
      this.#answered += 1;
    }
  }
}

function judge(kind: Operation["kind"], outcome: Outcome): Operation["outcome"] {
  if (outcome.tag === "failed") {
    return { tag: outcome.executed === "no" ? "not-executed" : "unknown" };
  }
  const { value, ok } = outcome.result as { readonly value: string | null; readonly ok?: boolean };
  const { version } = outcome.servedBy;
  if (version === undefined) throw new Error("A durable answer says its version.");
  return { tag: "answered", version, seen: value, applied: kind === "write" || ok === true };
}
