import { expect } from "vitest";
import { z } from "zod";
import { type TestCluster, waitUntil } from "../harness.ts";

const answer = z.object({ result: z.int() });

/** Counters that every check adds to, through each node: a lost or doubled command shows in the next one. */
export class LifeSigns {
  readonly #cluster: TestCluster;
  readonly #ids = Array.from({ length: 8 }, (_, index) => `survivor-${index}`);
  readonly #pids: readonly number[];
  #expected = 0;

  constructor(cluster: TestCluster) {
    this.#cluster = cluster;
    this.#pids = cluster.nodes.map((node) => node.pid);
  }

  /** No process has ended, the peers are connected, and every counter has exactly what was added. */
  async expectAll(): Promise<void> {
    const nodes = this.#cluster.nodes.slice(0, this.#pids.length);
    expect(nodes.map((node) => node.isRunning && node.pid)).toEqual(this.#pids);
    for (const node of nodes) {
      this.#expected += 1;
      const values = this.#ids.map(async (id) =>
        answer.parse(await node.ask("POST", `/v1/entities/counter/${id}/add`, { by: 1 })),
      );
      expect((await Promise.all(values)).map(({ result }) => result)).toEqual(
        this.#ids.map(() => this.#expected),
      );
    }
    await this.#expectConnected();
  }

  async #expectConnected(): Promise<void> {
    const ids = this.#cluster.nodes.slice(0, this.#pids.length).map((node) => node.nodeId);
    await waitUntil("the nodes are connected to each other", async () => {
      for (const [index, own] of ids.entries()) {
        const { peers } = await this.#cluster.self(index + 1);
        const connected = new Set(peers.filter((one) => one.connected).map((one) => one.nodeId));
        if (!ids.every((id) => id === own || connected.has(id))) return false;
      }
      return true;
    });
  }
}
