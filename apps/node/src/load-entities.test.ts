import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { loadEntities } from "./load-entities.ts";

const fileHere = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

describe("the entity module", () => {
  test("is the samples by default", async () => {
    expect((await loadEntities(undefined)).map(({ type }) => type)).toContain("counter");
  });

  test("may be a path", async () => {
    expect(await loadEntities(fileHere("./entities/counter.ts"))).toHaveLength(1);
  });

  test.each([
    ["./nowhere.ts", "does not exist"],
    ["/nowhere/at/all.js", "does not exist"],
    ["no-such-package-anywhere", "cannot be loaded"],
    ["zod", "exports no entity type"],
    [fileHere("./ipc.ts"), "exports no entity type"],
  ])("%s is refused: it %s", async (module, said) => {
    await expect(loadEntities(module)).rejects.toThrow(said);
    await expect(loadEntities(module)).rejects.toThrow(`LEASEHOLD_ENTITIES=${module}`);
  });
});
