import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

/** What is loaded with a module, types aside: they are gone by then. */
function loadedWith(file: URL, seen = new Set<string>()): ReadonlySet<string> {
  if (seen.has(file.href)) return seen;
  seen.add(file.href);
  const text = readFileSync(file, "utf8");
  const statements = text.matchAll(/^(?:import|export)\s(?!type\b)(?:[^;"]*?from )?"([^"]+)";$/gm);
  for (const [, from] of statements) {
    if (from?.startsWith(".")) loadedWith(new URL(from, file), seen);
    else seen.add(from as string);
  }
  return seen;
}

test("a browser can load the client: all that it loads is ours, and no module of Node.js", () => {
  const client = [...loadedWith(new URL("../client.ts", import.meta.url))];
  expect(client.length).toBeGreaterThan(8);
  expect(client.filter((module) => !module.startsWith("file:"))).toEqual([]);
  for (const module of client) {
    const globals = readFileSync(new URL(module), "utf8").match(
      /\b(process|Buffer|setImmediate)\./g,
    );
    expect(globals, module).toBeNull();
  }
  // The search finds what it looks for.
  const node = [...loadedWith(new URL("../index.ts", import.meta.url))];
  expect(node).toContain("node:http");
  expect(node).toContain("pg");
});
