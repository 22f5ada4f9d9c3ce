import { randomUUID } from "node:crypto";
import { createTestDatabase, type TestDatabase } from "@leasehold/db/testing";
import { Client } from "pg";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { ConsoleDatabase } from "../store/console-database.ts";
import type { ActedFrame } from "../wire/relay-frames.ts";
import type { AuditRow } from "./audit-row.ts";
import { type AuditFilter, AuditTable } from "./audit-table.ts";
import { FollowOthers } from "./follow-others.ts";

let database: TestDatabase;
let store: ConsoleDatabase;
let table: AuditTable;

beforeEach(async () => {
  database = await createTestDatabase();
  store = new ConsoleDatabase(database.url, "shop", () => undefined);
  store.start();
  await vi.waitFor(() => expect(store.state.tag).toBe("ready"), 10_000);
  table = new AuditTable(store);
});
afterEach(async () => {
  await store.stop();
  await database.drop();
});

const row = (phase: AuditRow["phase"], more: Partial<AuditRow> = {}): AuditRow => ({
  action: randomUUID(),
  phase,
  at: new Date(),
  actor: "ana",
  role: "operator",
  kind: "cordon",
  subject: "node-2",
  body: { kind: "node" },
  pos: 12,
  ...more,
});
const done = { result: "done", status: 200, before: null, after: null, problem: null };
const everything: AuditFilter = { before: null, limit: 10, actor: null, kind: null, text: null };

test("of two consoles that claim one action, one gets it", async () => {
  const intent = row("intent");
  const both = await Promise.all([table.claim(intent), table.claim({ ...intent, actor: "sam" })]);
  expect(both.toSorted()).toEqual([false, true]);
  expect(await table.actions(everything)).toHaveLength(1);
});

test("a batch that is sent again, because its answer got lost, changes nothing", async () => {
  const intent = row("intent", { subject: `it's "quoted" -- and \\ odd`, pos: null });
  const outcome = row("outcome", { action: intent.action, body: done });
  await table.insert([intent, outcome]);
  await table.insert([{ ...intent, actor: "eve" }, outcome]);
  const [found] = await table.actions(everything);
  expect(found?.intent).toMatchObject({ ...intent, id: expect.any(Number) });
  expect(found?.outcome).toMatchObject({ body: done });
  expect(await table.outcomeOf(intent.action)).toMatchObject({ body: done });
  expect(await table.outcomeOf(randomUUID())).toBeNull();
});

test("is read newest first, page by page, by actor, kind or a word of both", async () => {
  for (const subject of ["node-1", "node-2", "node-3"])
    await table.insert([row("intent", { subject })]);
  await table.insert([row("intent", { actor: "sam", kind: "heal-all", subject: "100%_all" })]);
  const subjects = async (filter: Partial<AuditFilter>) =>
    (await table.actions({ ...everything, ...filter })).map((it) => it.intent.subject);
  expect(await subjects({ limit: 2 })).toEqual(["100%_all", "node-3"]);
  const [, second] = await table.actions({ ...everything, limit: 2 });
  expect(await subjects({ before: second?.intent.id ?? null })).toEqual(["node-2", "node-1"]);
  expect(await subjects({ actor: "sam" })).toEqual(["100%_all"]);
  expect(await subjects({ text: "NODE-2" })).toEqual(["node-2"]);
  expect(await subjects({ text: "%_" }), "no wildcards").toEqual(["100%_all"]);
});

test("what is too old is deleted, and nothing else", async () => {
  const day = 86_400_000;
  const old = row("intent", { at: new Date(Date.now() - 91 * day), subject: "old" });
  await table.insert([old, row("intent", { subject: "new" })]);
  await table.deleteBefore(new Date(Date.now() - 90 * day));
  expect((await table.actions(everything)).map((it) => it.intent.subject)).toEqual(["new"]);
});

test("what another console did is told here, once, and what was there before is not", async () => {
  await table.insert([row("outcome", { body: done, subject: "before" })]);
  const told: ActedFrame[] = [];
  const own = row("outcome", { body: done, subject: "own" });
  const follow = new FollowOthers(table, {
    isOwn: (action) => action === own.action,
    tell: (frame) => void told.push(frame),
    log: () => undefined,
  });
  const lastId = vi.spyOn(table, "lastId");
  follow.start();
  try {
    await vi.waitFor(() => expect(lastId).toHaveResolved());
    const refused = { ...done, result: "refused" };
    await table.insert([own, row("outcome", { body: refused }), row("intent")]);
    await table.insert([row("outcome", { body: done, actor: "mira", subject: "theirs" })]);
    await vi.waitFor(() => expect(told).toHaveLength(1), 5000);
    expect(told).toMatchObject([{ actor: "mira", subject: "theirs", result: "done" }]);
  } finally {
    follow.stop();
  }
});

test("what was written earlier and committed later is told, too", async () => {
  const told: string[] = [];
  const follow = new FollowOthers(table, {
    isOwn: () => false,
    tell: ({ subject }) => void told.push(subject),
    log: () => undefined,
  });
  const slow = new Client(database.url);
  await slow.connect();
  const lastId = vi.spyOn(table, "lastId");
  follow.start();
  try {
    await vi.waitFor(() => expect(lastId).toHaveResolved());
    await slow.query("begin");
    const { schema } = (
      await slow.query("select schemaname as schema from pg_tables where tablename = 'audit'")
    ).rows[0];
    await slow.query(
      `insert into ${slow.escapeIdentifier(schema)}.audit
         (action, phase, at, actor, role, kind, subject, body)
       values ($1, 'outcome', now(), 'mira', 'operator', 'cordon', 'slow', $2)`,
      [randomUUID(), done],
    );
    await table.insert([row("outcome", { body: done, subject: "quick" })]);
    await vi.waitFor(() => expect(told).toEqual(["quick"]), 5000);
    await slow.query("commit");
    await vi.waitFor(() => expect(told).toEqual(["quick", "slow"]), 5000);
    await table.insert([row("outcome", { body: done, subject: "last" })]);
    await vi.waitFor(() => expect(told).toEqual(["quick", "slow", "last"]), 5000);
  } finally {
    follow.stop();
    await slow.end();
  }
});
