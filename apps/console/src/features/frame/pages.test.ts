import { expect, test } from "vitest";
import { pageOf, sectionOf } from "./pages.ts";

test.each([
  ["/", "overview", "overview"],
  ["/shards", "shards", "shards"],
  ["/shards/default/8", "shard", "shards"],
  ["/nodes/node-1", "node", "nodes"],
  ["/lab", "lab", "lab"],
  ["/lab/runs", "lab-runs", "lab"],
  ["/lab/runs/import", "lab-import", "lab"],
  ["/lab/runs/0b1c", "lab-run", "lab"],
])("%s is the page %s, under %s", (path, page, section) => {
  expect(pageOf(path)).toBe(page);
  expect(sectionOf(page)).toBe(section);
});
