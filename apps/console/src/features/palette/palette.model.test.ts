import { describe, expect, test } from "vitest";
import { stateLook } from "../../ui/tone.ts";
import { findItems, type PaletteItem, type PaletteWorld, paletteGroups } from "./palette.model.ts";

const page = (title: string): PaletteItem => ({
  id: title,
  group: "Pages",
  title,
  action: { href: `/${title.toLowerCase()}` },
});

const world: PaletteWorld = {
  items: [
    page("Shards"),
    page("Divergence"),
    { ...page("node-2"), group: "Nodes", keywords: "ready", title: "Node", name: "node-2" },
    { ...page("Heal all faults"), group: "Run", action: { run: "heal" } },
  ],
  shards: (number, group) =>
    ["default", "ledger"]
      .filter((it) => number < 256 && (group === null || group === it))
      .map((it) => ({ group: it, shard: number, state: "stable", owner: "node-1", epoch: 4 })),
  look: (state) => stateLook[state],
};

const titles = (text: string): string[] =>
  findItems(text, world).map((it) => [it.title, it.name].filter(Boolean).join(" "));

describe("the palette", () => {
  test("lists what is always there while nothing is asked", () => {
    expect(titles("")).toEqual(["Node node-2", "Shards", "Divergence", "Heal all faults"]);
  });

  test("finds a shard in each group that has the number, and offers to move the first", () => {
    expect(titles("172")).toEqual([
      "Shard default/172",
      "Shard ledger/172",
      "Look up key 172",
      "Move shard default/172…",
      "Go to event 172",
    ]);
  });

  test.each([
    ["ledger/172", ["Shard ledger/172", "Look up ledger/172", "Move shard ledger/172…"]],
    ["shard 3", ["Shard default/3", "Shard ledger/3", "Move shard default/3…"]],
    ["999999", ["Look up key 999999", "Go to event 999999"]],
    ["div", ["Look up key div", "Divergence"]],
    ["heal", ["Look up key heal", "Heal all faults"]],
    ["node-2", ["Look up key node-2", "Node node-2"]],
    ["ready node", ["Node node-2"]],
    ["no such thing", []],
  ])("finds for %j %j", (text, expected) => {
    expect(titles(text)).toEqual(expected);
  });

  test.each([
    ["counter/a", "/entities?type=counter&id=a"],
    ["eu/counter/a", "/entities?type=counter&id=a&namespace=eu"],
    ["a", "/entities?id=a"],
    ["counter/", "/entities?id=counter%2F"],
  ])("looks %j up at %s", (text, href) => {
    const found = findItems(text, world).find((it) => it.group === "Entities");
    expect(found?.action).toEqual({ href });
  });

  test("stands in one order of groups, whatever was asked", () => {
    const groups = findItems("172", world).map((it) => paletteGroups.indexOf(it.group));
    expect(groups).toEqual(groups.toSorted((a, b) => a - b));
  });
});
