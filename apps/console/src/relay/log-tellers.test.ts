import { expect, test } from "vitest";
import { LogTellers, type Teller } from "./log-tellers.ts";

/** Links that take up a reconnection at once. */
function startLinks(count: number) {
  const tellers = new LogTellers();
  const asked = new Map<string, boolean>();
  const links = Array.from({ length: count }, (_, index) => ({
    address: `n${index}`,
    isConnected: false as boolean,
    seq: 10 as number | null,
    reconnect: () => connect(index),
  })) satisfies Teller[];
  let nowMs = 0;
  const connect = (index: number): void => {
    const link = links[index];
    if (link === undefined) return;
    asked.set(link.address, tellers.choose(links, link.address, nowMs));
    link.isConnected = true;
  };
  const at = (index: number): (typeof links)[number] => links[index] as (typeof links)[number];
  return {
    ...{ links, connect, at },
    telling: () => links.filter((it) => asked.get(it.address)).map((it) => it.address),
    later: (ms: number, seq: number) => {
      nowMs += ms;
      tellers.check(() => links, seq, nowMs);
    },
  };
}

test("of many nodes that connect at once three are asked for the log", () => {
  const { links, connect, telling } = startLinks(100);
  for (const index of links.keys()) connect(index);
  expect(telling()).toEqual(["n0", "n1", "n2"]);
});

test("one that is gone is replaced, and is no teller when it comes back", () => {
  const { links, connect, at, telling, later } = startLinks(5);
  for (const index of links.keys()) connect(index);
  at(1).isConnected = false;
  later(1000, 10);
  // It was asked just now, and may still be on its way.
  expect(telling()).toEqual(["n0", "n1", "n2"]);
  at(4).seq = 11;
  later(5000, 11);
  connect(1);
  expect(telling()).toEqual(["n0", "n2", "n4"]);
});

test("a node that knows more for a second takes the place of the teller that knows least", () => {
  const { links, connect, at, telling, later } = startLinks(5);
  for (const index of links.keys()) connect(index);
  at(2).seq = 9;
  at(3).seq = 12;
  later(1000, 10);
  expect(telling()).toEqual(["n0", "n1", "n2"]);
  later(1000, 10);
  expect(telling()).toEqual(["n0", "n1", "n3"]);
});

test("where all that were asked fell silent at once, another is asked without delay", () => {
  const { links, connect, at, telling, later } = startLinks(5);
  for (const index of links.keys()) connect(index);
  for (const index of [0, 1, 2]) at(index).isConnected = false;
  at(3).seq = 12;
  later(1000, 10);
  later(1000, 10);
  expect(telling()).toContain("n3");
});

test("what arrives within a second changes nothing, however fast the log grows", () => {
  const { links, connect, at, telling, later } = startLinks(5);
  for (const index of links.keys()) connect(index);
  for (let seq = 100; seq < 10_000; seq += 1000) {
    at(4).seq = seq + 50;
    later(1000, seq);
  }
  expect(telling()).toEqual(["n0", "n1", "n2"]);
});

test("a console that knew nobody asks the first that answers", () => {
  const { links, connect, at, telling, later } = startLinks(4);
  connect(3);
  later(1000, 0);
  expect(telling()).toEqual(["n3"]);
  for (const index of links.keys()) if (!at(index).isConnected) connect(index);
  expect(telling()).toEqual(["n0", "n1", "n3"]);
});
