import { randomUUID } from "node:crypto";
import pg from "pg";
import { type Scene, schema } from "./scene.ts";
import { storedEvent } from "./tally.ts";

/** How many were done in a while, and how long each round trip took. */
export interface Measured {
  readonly perSecond: number;
  readonly latenciesMs: readonly number[];
}

const columns = `group_name, shard, shard_seq, namespace, entity_type, entity_id, version, epoch,
  command_id, event_index, event`;

/** Named, so that the server parses it once. */
const one = {
  name: "one",
  text: `insert into bare.journal (${columns})
    values ('default', $1, $2, 'default', 'tally', $3, $2, 1, $4, 0, $5)`,
};
const many = {
  name: "many",
  text: `insert into bare.journal (${columns})
    select 'default', shard, seq, 'default', 'tally', id, seq, 1, command, 0, event::jsonb
    from unnest($1::int[], $2::bigint[], $3::text[], $4::uuid[], $5::text[])
      as r (shard, seq, id, command, event)`,
};

/**
 * What an application would do without any of ours: the same rows into a table with the same columns, keys
 * and defaults, in batches, each in a transaction of its own. No head is locked, no version compared, nobody
 * waits for the answer of a batch.
 */
export class BareInserts {
  readonly #clients: readonly pg.Client[];
  #seq = 0;

  private constructor(clients: readonly pg.Client[]) {
    this.#clients = clients;
  }

  static async open({ url, query }: Scene, connections: number): Promise<BareInserts> {
    await query("create schema bare");
    await query(`create table bare.journal (like ${schema}.journal including all)`);
    const clients = Array.from({ length: connections }, () => new pg.Client(url));
    await Promise.all(clients.map((client) => client.connect()));
    return new BareInserts(clients);
  }

  /** Each connection sends a batch as soon as the one before it is stored. One row alone goes on one connection. */
  async run(batch: number, ms: number): Promise<Measured> {
    const clients = batch === 1 ? this.#clients.slice(0, 1) : this.#clients;
    const latenciesMs: number[] = [];
    const startMs = performance.now();
    await Promise.all(
      clients.map(async (client) => {
        while (performance.now() < startMs + ms) {
          const sentMs = performance.now();
          await client.query(batch === 1 ? this.#one() : this.#many(batch));
          latenciesMs.push(performance.now() - sentMs);
        }
      }),
    );
    const seconds = (performance.now() - startMs) / 1_000;
    return { perSecond: (latenciesMs.length * batch) / seconds, latenciesMs };
  }

  async close(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.end()));
  }

  #one(): pg.QueryConfig {
    const [shard, seq, id, command, event] = this.#row();
    return { ...one, values: [shard, seq, id, command, event] };
  }

  #many(batch: number): pg.QueryConfig {
    const rows = Array.from({ length: batch }, () => this.#row());
    return { ...many, values: [0, 1, 2, 3, 4].map((column) => rows.map((row) => row[column])) };
  }

  #row(): readonly [shard: number, seq: number, id: string, command: string, event: string] {
    this.#seq += 1;
    return [this.#seq % 256, this.#seq, `id-${this.#seq % 1_024}`, randomUUID(), storedEvent];
  }
}
