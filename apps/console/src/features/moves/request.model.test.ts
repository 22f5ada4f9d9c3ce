import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { PlanRequest } from "../../wire/commands.ts";
import { cliOf, queryOf, requestOf } from "./request.model.ts";

const nodeId = fc.stringMatching(/^[\w.:=' -]{1,12}$/);
const requests: fc.Arbitrary<PlanRequest> = fc.oneof(
  fc.record({ kind: fc.constant("drain" as const), node: nodeId }),
  fc.record({ kind: fc.constant("undo" as const), planId: nodeId }),
  fc.record({
    kind: fc.constant("move" as const),
    moves: fc.array(
      fc.record({
        group: fc.constantFrom("default", "daemon/mail"),
        shard: fc.nat(9999),
        to: fc.stringMatching(/^[\w.-]{1,12}$/),
      }),
      { minLength: 1, maxLength: 4 },
    ),
  }),
  fc.record({
    kind: fc.constant("rebalance" as const),
    whatIf: fc.record(
      {
        cordon: fc.uniqueArray(nodeId, { minLength: 1, maxLength: 3 }),
        weights: fc.dictionary(nodeId, fc.constantFrom(0.5, 2, 1.25), {
          ...{ minKeys: 1, maxKeys: 3, noNullPrototype: true },
        }),
        maxMoves: fc.nat(9999),
        keepHot: fc.constant(true),
      },
      { requiredKeys: [] },
    ),
  }),
);

describe("a plan's request", () => {
  test("goes into an address and comes back", () => {
    fc.assert(
      fc.property(requests, (request) => {
        expect(requestOf(new URLSearchParams(queryOf(request)))).toEqual(request);
      }),
    );
  });

  test.each(["kind=drain", "kind=undo&plan=", "kind=move", "kind=move&move=x", "kind=shuffle"])(
    "is none in %s",
    (query) => expect(requestOf(new URLSearchParams(query))).toBeNull(),
  );

  test("leaves conditions out that make no sense", () => {
    const query = "weight=node-1:0&weight=node-2&weight=node-3:x&max=-1&hot=yes&cordon=";
    expect(requestOf(new URLSearchParams(query))).toEqual({ kind: "rebalance", whatIf: {} });
  });

  test("is a command, too, which a shell reads as it is meant", () => {
    const whatIf = { cordon: ["node 3"], weights: { "node-2": 0.5 }, maxMoves: 9, keepHot: true };
    expect(cliOf({ kind: "rebalance", whatIf })).toBe(
      "leasehold plan rebalance --cordon 'node 3' --weight node-2=0.5 --max-moves 9 --keep-hot --apply",
    );
    const moves = [{ group: "default", shard: 7, to: "it's" }];
    expect(cliOf({ kind: "move", moves })).toBe(`leasehold plan move 'default/7=it'\\''s' --apply`);
    expect(cliOf({ kind: "undo", planId: "p-1-2" })).toBe("leasehold plan undo p-1-2");
  });
});
