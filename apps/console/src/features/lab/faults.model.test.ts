import { expect, test } from "vitest";
import { plain } from "../../live/say.ts";
import { faultSentence } from "./faults.model.ts";

const said = (kind: string, detail: Readonly<Record<string, string | number>> = {}): string =>
  plain(faultSentence("node-2", { id: "f", kind, detail, expiresInMs: 1 }));

test.each([
  ["cut-link", { peer: "node-3", direction: "both" }, "node-2 and node-3: cut both ways"],
  ["cut-link", { peer: "node-3", direction: "out" }, "node-2 to node-3: cut"],
  ["cut-link", { peer: "node-3", direction: "in" }, "node-3 to node-2: cut"],
  ["slow-link", { peer: "node-3", direction: "in", delayMs: 50 }, "node-3 to node-2: 50 ms late"],
  ["cut-postgres", { direction: "both" }, "node-2 and Postgres: cut both ways"],
  ["cut-postgres", { direction: "in" }, "Postgres to node-2: cut"],
  ["slow-postgres", { delayMs: 9 }, "node-2 to Postgres: 9 ms late"],
  ["crash-at", { step: "sent:claim" }, "node-2 will crash at sent:claim"],
  ["of-a-newer-node", {}, "node-2: of-a-newer-node"],
])("%s %j reads: %s", (kind, detail, words) => {
  expect(said(kind, detail)).toBe(words);
});
