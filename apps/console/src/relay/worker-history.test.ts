import { expect, test } from "vitest";
import { assigned, entriesOf } from "../testing/factories.ts";
import { workerHistories } from "./worker-history.ts";

const group = "daemon:settler";
const given = (nodeId: string, epoch: number, cause: "allocated" | "death" | "given-up") =>
  ({ ...assigned(0, nodeId, epoch), group, cause }) as const;
const vacated = (epoch: number, why: string) =>
  ({ type: "shard-vacated", group, shard: 0, epoch, why }) as const;

const historyOf = (...events: Parameters<typeof entriesOf>[1][]) =>
  workerHistories(entriesOf(1, ...events)).get(`${group}/0`);

test("a worker that was given up twice has failed twice, and the last time where it was then", () => {
  const history = historyOf(
    given("node-a", 1, "allocated"),
    vacated(1, "it threw: first"),
    given("node-b", 2, "given-up"),
    vacated(2, "it threw: second"),
    given("node-a", 3, "given-up"),
  );
  expect(history).toEqual({
    failures: 2,
    lastFailure: { nodeId: "node-b", fence: 2, why: "it threw: second" },
    whyHomeless: null,
  });
});

test("a home that died is no failure of the worker", () => {
  const history = historyOf(given("node-a", 1, "allocated"), given("node-b", 2, "death"));
  expect(history).toMatchObject({ failures: 0, lastFailure: null });
});

test("a worker that no node can take has its reason until it has a home again", () => {
  const lost = [given("node-a", 1, "allocated"), vacated(1, "no node can take it")] as const;
  expect(historyOf(...lost)).toMatchObject({ failures: 0, whyHomeless: "no node can take it" });
  const found = historyOf(...lost, given("node-b", 2, "allocated"));
  expect(found).toMatchObject({ failures: 0, lastFailure: null, whyHomeless: null });
});

test("where the log does not go back to its home, the failure has no place", () => {
  const history = historyOf(vacated(7, "it returned"), given("node-a", 8, "given-up"));
  expect(history?.lastFailure).toEqual({ nodeId: null, fence: 7, why: "it returned" });
});
