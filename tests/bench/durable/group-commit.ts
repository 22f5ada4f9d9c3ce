import pg from "pg";
import type { Ask } from "../support/asking.ts";
import type { Scene } from "./scene.ts";
import { storedEvent } from "./tally.ts";

interface Waiting {
  readonly entity: string;
  readonly resolve: () => void;
  readonly reject: (cause: unknown) => void;
}

/** Its head names who may write, as ours does; one head is enough for what it costs. */
const append = {
  name: "append",
  text: `with head as (
      select from group_commit.head where one = 0 and epoch = $1 for update
    )
    insert into group_commit.events (entity, event)
    select entity, $2::jsonb from head, unnest($3::text[]) as entity`,
};

export interface GroupCommit {
  readonly ask: Ask;
  close(): Promise<void>;
}

/**
 * The limit of a durable ask: whatever came while one statement was under way goes into the next one, on one
 * connection, and a stale owner's writes nothing. No entity, no version, no second connection.
 */
export async function openGroupCommit({ url, query }: Scene): Promise<GroupCommit> {
  await query("create schema group_commit");
  await query("create table group_commit.head (one int primary key, epoch bigint not null)");
  await query("insert into group_commit.head values (0, 7)");
  await query(
    "create table group_commit.events (id bigserial primary key, entity text, event jsonb)",
  );
  const client = new pg.Client(url);
  await client.connect();
  let waiting: Waiting[] = [];
  let isWriting = false;
  const write = async (): Promise<void> => {
    isWriting = true;
    while (waiting.length > 0) {
      const batch = waiting;
      waiting = [];
      const entities = batch.map(({ entity }) => entity);
      try {
        const { rowCount } = await client.query({ ...append, values: [7, storedEvent, entities] });
        if (rowCount !== batch.length)
          throw new Error(`Of ${batch.length} ${rowCount} were stored.`);
        for (const { resolve } of batch) resolve();
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    isWriting = false;
  };
  return {
    ask: (turn) =>
      new Promise<void>((resolve, reject) => {
        waiting.push({ entity: `id-${turn % 1_000}`, resolve, reject });
        // In the next turn of the microtasks, so that what is asked in this one goes together.
        if (!isWriting) queueMicrotask(() => void (isWriting || write()));
      }),
    close: () => client.end(),
  };
}
