import { migrate, schemaNameOf } from "@leasehold/db";
import { type FaultyServer, serverCases } from "@leasehold/sharding/testkit";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createPostgresStore } from "../../packages/sharding/src/adapters/postgres/index.ts";
import { OwnPostgres } from "./harness/own-postgres.ts";
import { TcpForward } from "./harness/tcp-forward.ts";
import { waitUntil } from "./harness/wait-until.ts";

/** A transaction that has written the journal's first number: whoever wants it waits until it is over. */
async function holdFirstNumber(databaseUrl: string, cluster: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: databaseUrl });
  // The server may be stopped under it.
  client.on("error", () => undefined);
  await client.connect();
  await client.query("begin");
  await client.query(
    `insert into ${pg.escapeIdentifier(schemaNameOf(cluster))}.journal
      (group_name, shard, shard_seq, namespace, entity_type, entity_id, version, epoch, command_id, event_index, event)
      values ('default', 0, 1, '', 'hold', 'hold', 1, 1, gen_random_uuid(), 0, '0')`,
  );
  return client;
}

/** A cluster of its own on the server, and how it is closed. */
async function createServer(
  primary: OwnPostgres,
  standby: OwnPostgres | null,
  cluster: string,
): Promise<[FaultyServer, () => Promise<void>]> {
  await migrate({ database: primary.url, cluster });
  const forward = await TcpForward.start(primary.port);
  const url = new URL(primary.url);
  url.port = String(forward.port);
  const options = { databaseUrl: url.href, cluster };
  // An append gives up waiting after half of its time; the claim, which waits for it, before that.
  const own = createPostgresStore({ ...options, timeoutMs: 4_000 });
  const other = createPostgresStore({ ...options, timeoutMs: 1_500 });
  const { sessions, store, journal } = own;
  const untilBack = async (): Promise<void> => {
    await waitUntil("the server answers", () =>
      Promise.all([store.standing(), other.store.standing()]),
    );
  };
  const server: FaultyServer = {
    ...{ sessions, store, journal, successor: other.journal },
    restart: async (mode) => {
      await primary.stop(mode);
      await primary.start();
      await untilBack();
    },
    lagBehind: async () => {
      await primary.query("alter system set synchronous_standby_names = ''");
      await primary.query("select pg_reload_conf()");
      await standby?.query("alter system set primary_conninfo = ''");
      await standby?.query("select pg_reload_conf()");
      await waitUntil("the standby hears nothing", async () => {
        const rows = await standby?.query("select from pg_stat_wal_receiver");
        return rows?.length === 0;
      });
    },
    failOver: async () => {
      await primary.stop("immediate");
      await standby?.promote();
      forward.pointTo(standby?.port ?? 0);
      await untilBack();
    },
    hang: async (append) => {
      const holder = await holdFirstNumber(primary.url, cluster);
      const result = append();
      await waitUntil("the append waits", async () => {
        const rows = await primary.query("select from pg_locks where not granted");
        return rows.length === 1;
      });
      return { result, resume: () => holder.end() };
    },
    loseAnswer: async (call) => {
      forward.loseAnswers();
      return await call().catch((error: unknown) => error);
    },
  };
  const close = async (): Promise<void> => {
    await own.close();
    await other.close();
    await forward.close();
  };
  return [server, close];
}

describe("the real Postgres, where", () => {
  let shared: OwnPostgres;
  let clusters = 0;
  beforeAll(async () => {
    shared = await OwnPostgres.start();
  });
  afterAll(() => shared.destroy());

  test.each(serverCases)("$name", async ({ run, expected, needsStandby = false }) => {
    const primary = needsStandby ? await OwnPostgres.start() : shared;
    const standby = needsStandby ? await primary.addStandby() : null;
    clusters += 1;
    const [server, close] = await createServer(primary, standby, `c${clusters}`);
    try {
      expect(await run(server)).toEqual(expected);
    } finally {
      await close();
      if (needsStandby) await primary.destroy();
      await standby?.destroy();
    }
  });
});
