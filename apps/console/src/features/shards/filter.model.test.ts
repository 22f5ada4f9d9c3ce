import { describe, expect, test } from "vitest";
import { parseFilter, type ShardFacts } from "./filter.model.ts";

const shard: ShardFacts = {
  flat: 172,
  group: "default",
  shard: 172,
  label: "172",
  owner: "node-2",
  state: "stable",
  rowState: "hosted",
  epoch: 42,
  pinned: false,
};

describe("shard filter", () => {
  test.each([
    ["owner:node-2", true],
    ["owner:node-3", false],
    ["owner:!node-3", true],
    ["state:!stable", false],
    ["state:stable epoch>41", true],
    ["state:stable epoch>42", false],
    ["epoch=42", true],
    ["epoch<42", false],
    ["172", true],
    ["17", true],
    ["99", false],
    ["pinned", false],
    ["group:default owner:node-2 172", true],
  ])("%s → %s", (text, passes) => {
    expect(parseFilter(text)?.(shard)).toBe(passes);
  });

  test("is no filter when nothing is written", () => {
    expect(parseFilter("  ")).toBeNull();
  });

  test("finds shards without a home", () => {
    expect(parseFilter("owner:none")?.({ ...shard, owner: null })).toBe(true);
  });
});
