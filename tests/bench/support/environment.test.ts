import { expect, test } from "vitest";
import { environment } from "./environment.ts";

const version = /^\d+\.\d+\.\d+/;

test("names the versions that were measured, the peer's where there is one", () => {
  const { node, postgres, packages } = environment(undefined);
  expect(node).toBe(process.version);
  for (const one of [postgres, ...Object.values(packages)]) expect(one).toMatch(version);
  expect(packages).not.toHaveProperty("effect");
  expect(environment("effect").packages["effect"]).toMatch(version);
});
