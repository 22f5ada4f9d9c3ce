import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { loadProgram } from "./load-program.ts";
import { Ticker } from "./testing/daemons.ts";

const fileHere = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

describe("the entity module", () => {
  test("is the samples by default", async () => {
    const { entities, daemons } = await loadProgram(undefined);
    expect(entities.map(({ type }) => type)).toContain("counter");
    expect(daemons).toEqual([]);
  });

  test("may be a path", async () => {
    const { entities, module } = await loadProgram(fileHere("./entities/counter.ts"));
    expect(entities).toHaveLength(1);
    expect(module).toEqual(new URL("./entities/counter.ts", import.meta.url));
  });

  test("may export daemons, alone or beside entities", async () => {
    const { entities, daemons } = await loadProgram(fileHere("./testing/daemons.ts"));
    expect(entities).toEqual([]);
    expect(daemons).toEqual([Ticker]);
  });

  test.each([
    ["./nowhere.ts", "does not exist"],
    ["/nowhere/at/all.js", "does not exist"],
    ["no-such-package-anywhere", "cannot be loaded"],
    ["zod", "exports no entity type and no daemon"],
    [fileHere("./ipc.ts"), "exports no entity type and no daemon"],
  ])("%s is refused: it %s", async (module, said) => {
    await expect(loadProgram(module)).rejects.toThrow(said);
    await expect(loadProgram(module)).rejects.toThrow(`LEASEHOLD_ENTITIES=${module}`);
  });
});
