import { describe, expect, it } from "vitest";
import {
  decodeBroadcast,
  decodeReply,
  decodeRequest,
  encodeBroadcast,
  encodeCancel,
  encodeFarewell,
  encodeReply,
  encodeRequest,
  heard,
  numberOf,
  type ReplyName,
  type WireReply,
  type WireRequest,
} from "./wire.ts";

// Nodes of two versions talk during every rolling restart: what stands here never changes. A new field
// goes to the end, and gets a golden of its own.
const request: WireRequest = {
  number: 42,
  group: "default",
  shard: 7,
  epoch: 3,
  seen: 9,
  namespace: "shop",
  type: "cart",
  id: "c-1",
  command: "add",
  input: { by: 2 },
  leftMs: 950.5,
  chain: ["shop/order/o-1"],
  key: "k-1",
  ordinal: 77,
};
const requestGolden =
  '[1,42,"default",7,3,9,"shop","cart","c-1","add",{"by":2},950.5,["shop/order/o-1"],"k-1",77]';

const error = { code: "OVERLOADED", message: "m", retryable: true, executed: "no" } as const;
const replies: Record<ReplyName, { reply: WireReply; golden: string }> = {
  ok: {
    reply: { name: "ok", epoch: 3, value: [1], version: 5 },
    golden: "[2,42,0,3,[1],0,5]",
  },
  error: {
    reply: { name: "error", error },
    golden:
      '[2,42,1,0,{"code":"OVERLOADED","message":"m","retryable":true,"executed":"no"},0,null]',
  },
  "not-hosting": {
    reply: { name: "not-hosting", epoch: 4, ticket: 11 },
    golden: "[2,42,2,4,null,11,null]",
  },
  "not-yet": {
    reply: { name: "not-yet", epoch: 2, ticket: 12 },
    golden: "[2,42,3,2,null,12,null]",
  },
  gone: { reply: { name: "gone" }, golden: "[2,42,4,0,null,0,null]" },
};

it("a request is this tuple, and reads back", () => {
  expect(JSON.stringify(encodeRequest(request))).toBe(requestGolden);
  expect(decodeRequest(JSON.parse(requestGolden) as unknown[])).toEqual(request);
});

it("a farewell and its answer are these tuples", () => {
  expect(JSON.stringify([encodeFarewell(77), heard])).toBe("[[4,77],[5]]");
});

it("a broadcast is this tuple, and reads back", () => {
  const broadcast = { number: 3, namespace: "shop", topic: "prices", message: { tea: 4 } };
  expect(JSON.stringify(encodeBroadcast(broadcast))).toBe('[6,3,"shop","prices",{"tea":4}]');
  expect(decodeBroadcast([...encodeBroadcast(broadcast), "new"])).toEqual(broadcast);
});

it("a cancel is this tuple", () => {
  expect(JSON.stringify(encodeCancel(42))).toBe("[3,42]");
});

it.each(Object.entries(replies))("the reply %s is this tuple, and reads back", (_, entry) => {
  expect(JSON.stringify(encodeReply(42, entry.reply))).toBe(entry.golden);
  expect(decodeReply(JSON.parse(entry.golden) as unknown[])).toEqual(entry.reply);
});

it("an older peer's tuples have no key, no ordinal and no version", () => {
  const older = encodeRequest(request).slice(0, 13);
  expect(decodeRequest(older)).toEqual({ ...request, key: null, ordinal: 0 });
  expect(decodeReply([2, 42, 0, 3, [1], 0])).toEqual({ ...replies.ok.reply, version: null });
});

it("fields that a newer peer adds at the end are passed over", () => {
  expect(decodeRequest([...encodeRequest(request), "new"])).toEqual(request);
  expect(decodeReply([...encodeReply(42, replies.ok.reply), "new"])).toEqual(replies.ok.reply);
});

describe("a request is not read with", () => {
  const wrong: readonly [field: string, place: number, value: unknown][] = [
    ["a negative number", 1, -1],
    ["a group that is no text", 2, 5],
    ["a fractional shard", 3, 1.5],
    ["an epoch beyond safe integers", 4, 2 ** 60],
    ["no ticket", 5, undefined],
    ["a namespace that is no text", 6, null],
    ["a type that is no text", 7, {}],
    ["an id that is no text", 8, 1],
    ["a command that is no text", 9, []],
    ["an endless deadline", 11, Number.POSITIVE_INFINITY],
    ["a chain of something else", 12, [1]],
    ["a key that is no text", 13, 7],
    ["an ordinal that is no count", 14, -1],
  ];
  it.each(wrong)("%s", (_, place, value) => {
    expect(decodeRequest(encodeRequest(request).with(place, value))).toBeNull();
  });
});

it.each([
  ["an unknown code", [2, 42, 9, 0, null, 0]],
  ["an error without words", [2, 42, 1, 0, { code: "X" }, 0]],
  ["a bounce without a ticket", [2, 42, 2, 4, null]],
  ["an answer without an epoch", [2, 42, 0, null, 1, 0]],
])("a reply is not read with %s", (_, tuple) => {
  expect(decodeReply(tuple)).toBeNull();
});

it("a tuple without a usable number cannot be answered", () => {
  expect([numberOf([1]), numberOf([1, "7"]), numberOf([1, 7])]).toEqual([null, null, 7]);
});
