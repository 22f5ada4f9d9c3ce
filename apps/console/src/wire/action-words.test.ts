import { expect, test } from "vitest";
import { actedWords, nameOf } from "./action-words.ts";
import { faultRequest } from "./commands.ts";

const words = (kind: string, subject: string): string => actedWords({ kind, subject }, "done");

test("what was done is said in words, also what the lab and rare faults do", () => {
  expect(words("cordon", "node-2")).toBe("cordoned node-2");
  expect(words("start-run", "X3")).toBe("started the lab's X3");
  const kinds = faultRequest.def.options.flatMap((it) => it.shape.kind.def.values);
  for (const kind of kinds) expect(words(kind, "node-2")).not.toBe(`${kind} node-2`);
});

test("what failed or was refused is called as the audit calls it", () => {
  const name = nameOf({ kind: "node", nodeId: "node-2", verb: "drain" });
  expect(actedWords(name, "failed")).toBe("tried: drain node-2");
  expect(actedWords(name, "refused")).toBe("was refused: drain node-2");
});

test("an action of another version keeps its own name", () => {
  expect(words("toString", "node-2")).toBe("toString node-2");
});
