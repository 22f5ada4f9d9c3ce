import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { settingsAsMarkdown } from "./describe.ts";

test("docs/configuration.md shows the settings table as it is", async () => {
  const page = fileURLToPath(new URL("../../../../docs/configuration.md", import.meta.url));
  expect(await readFile(page, "utf8")).toContain(settingsAsMarkdown());
});
