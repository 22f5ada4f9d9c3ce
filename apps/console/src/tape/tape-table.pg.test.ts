import { createTestDatabase, type TestDatabase } from "@leasehold/db/testing";
import { sql } from "drizzle-orm";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ConsoleDatabase } from "../store/console-database.ts";
import type { TapeEntry } from "../wire/tape.ts";
import { type PackedKeyframe, packSegment } from "./pack.ts";
import { TapeTable } from "./tape-table.ts";

let database: TestDatabase;
let store: ConsoleDatabase;
let table: TapeTable;
const noLimit = 1 << 30;

beforeEach(async () => {
  database = await createTestDatabase();
  store = new ConsoleDatabase(database.url, "shop", () => undefined);
  const ready = new Promise<void>((resolve) => store.onReady(resolve));
  store.start();
  await ready;
  table = new TapeTable(store);
});

afterEach(async () => {
  await store.stop();
  await database.drop();
});

const keyframe = (pos: number): PackedKeyframe => ({ pos, atMs: pos, frame: Buffer.from("") });

/** Ten positions, each of them a millisecond of the tape. */
async function append(firstPos: number, next: PackedKeyframe | null = null): Promise<void> {
  const entries = Array.from({ length: 10 }, (_, index): TapeEntry => {
    const pos = firstPos + index;
    return { tag: "tick", pos, atMs: pos };
  });
  const stats = { events: 1, faults: 0, divergent: 0, danger: 0, classes: {} };
  await table.append(await packSegment({ entries, stats, marks: [], keyframe: null }), next);
}

/** Two reels, a pause, and another stretch of two. */
async function recordTwice(): Promise<void> {
  for (const begin of [1000, 9000]) {
    await table.begin(keyframe(begin));
    await append(begin + 1, keyframe(begin + 10));
    await append(begin + 11);
    await append(begin + 21);
  }
}

async function left() {
  const segments = await store.run<{ pos: string }>(
    (schema) => sql`select first_pos as pos from ${schema}.segments order by 1`,
  );
  const keyframes = await store.run<{ pos: string }>(
    (schema) => sql`select pos from ${schema}.keyframes order by 1`,
  );
  const of = (rows: readonly { readonly pos: string }[]) => rows.map((it) => Number(it.pos));
  return { keyframes: of(keyframes), segments: of(segments) };
}

const second = { keyframes: [9000, 9010], segments: [9001, 9011, 9021] };

test("a stretch of recording that is too old goes whole, also its last reel", async () => {
  await recordTwice();
  await table.trim(1025, noLimit);
  const rest = { keyframes: [1010, 9000, 9010], segments: [1011, 1021, ...second.segments] };
  expect(await left(), "of the last reel a segment is young").toEqual(rest);
  await table.trim(5000, noLimit);
  expect(await left()).toEqual(second);
  await table.trim(9015, noLimit);
  expect(await left()).toEqual({ keyframes: [9010], segments: [9011, 9021] });
  await table.trim(9025, noLimit);
  expect(await left()).toEqual({ keyframes: [9010], segments: [9011, 9021] });
});

test("while nothing is too old nothing goes", async () => {
  await recordTwice();
  const before = await left();
  await table.trim(900, noLimit);
  expect(await left()).toEqual(before);
});

test("what stands before every keyframe goes with what is too old", async () => {
  await recordTwice();
  await store.run((schema) => sql`delete from ${schema}.keyframes where pos < 9000`);
  await table.trim(1015, noLimit);
  expect(await left()).toEqual(second);
});

test("without any keyframe what is too old goes all the same", async () => {
  await recordTwice();
  await store.run((schema) => sql`delete from ${schema}.keyframes`);
  await table.trim(9015, noLimit);
  expect(await left()).toEqual({ keyframes: [], segments: [9011, 9021] });
});

test("a keyframe whose segments are all gone is none to begin at", async () => {
  await recordTwice();
  await store.run((schema) => sql`delete from ${schema}.segments where first_pos < 9000`);
  await table.trim(9015, noLimit);
  expect(await left()).toEqual({ keyframes: [9010], segments: [9011, 9021] });
});
