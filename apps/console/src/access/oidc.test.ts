import type { IncomingMessage } from "node:http";
import { expect, test } from "vitest";
import { signedOut } from "./access.ts";
import { nameIn, roleIn } from "./oidc.ts";
import { placeInstead } from "./page-gate.ts";
import { placeIn } from "./session-api.ts";

const roleOf = new Map([
  ["ops", "operator"],
  ["sre", "chaos"],
] as const);

test("the highest role that one of the groups has", () => {
  expect(roleIn(["ops", "sre", "other"], roleOf)).toBe("chaos");
  expect(roleIn("ops", roleOf)).toBe("operator");
  expect(roleIn(["other"], roleOf)).toBeNull();
  expect(roleIn(undefined, roleOf)).toBeNull();
  expect(roleIn([{ ops: 1 }, 7], new Map([["*", "viewer"]]))).toBe("viewer");
});

test("a name that people know, as far as the issuer tells", () => {
  expect(nameIn({ sub: "8c1", email: "ana@example", preferred_username: "ana" })).toBe("ana");
  expect(nameIn({ sub: "8c1", preferred_username: " " })).toBe("8c1");
  expect(nameIn({ sub: "x".repeat(100) })).toHaveLength(64);
});

test("a sign-in leads to a place of this console, whatever the address says", () => {
  expect(placeIn("/shards?filter=state:!stable#x")).toBe("/shards?filter=state:!stable#x");
  const foreign = ["//evil.example", "/\\evil.example", "https://evil.example", "shards", "", null];
  for (const to of [...foreign, "/sign-in/oidc"]) expect(placeIn(to)).toBe("/");
});

test("a page is exchanged for the sign-in, which leads back to it", () => {
  const at = (url: string) => placeInstead({ url } as IncomingMessage, signedOut);
  expect(at("/shards/default/8?x=1")).toBe("/sign-in?to=%2Fshards%2Fdefault%2F8%3Fx%3D1");
  expect(at("/")).toBe("/sign-in");
  for (const url of ["/sign-in?to=/", "/_next/static/x.js", "/icon.svg"])
    expect(at(url)).toBeNull();
  const actor = { name: "ana", role: "viewer" } as const;
  const caller = { tag: "actor", actor, session: null } as const;
  expect(placeInstead({ url: "/shards" } as IncomingMessage, caller)).toBeNull();
});
