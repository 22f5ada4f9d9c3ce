import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type TestCluster, testClusters } from "./fixtures/test-cluster.ts";
import { textsOf } from "./plain-appends.ts";

const createCluster = testClusters();
let cluster: TestCluster;

beforeAll(async () => {
  cluster = await createCluster();
});

afterAll(async () => {
  await cluster.close();
});

/** Anything that Postgres can store. */
const anyText = fc
  .oneof(
    fc.string({ unit: "binary", maxLength: 20 }),
    fc.constantFrom(
      "",
      "null",
      "NULL",
      "{}",
      "a,b",
      '"',
      "\\",
      '\\"',
      " a ",
      "\n",
      "id-7",
      "-1",
      "é",
    ),
    fc.json({ maxDepth: 2 }),
  )
  .filter((text) => !text.includes("\0") && text.isWellFormed());

test("a list of texts arrives as it was", async () => {
  const client = await cluster.connect();
  await fc.assert(
    fc.asyncProperty(fc.array(anyText, { minLength: 1, maxLength: 40 }), async (texts) => {
      const { rows } = await client.query("select to_json($1::text[]) as texts", [textsOf(texts)]);
      expect(rows[0]?.texts).toEqual(texts);
    }),
    { numRuns: 500 },
  );
});
