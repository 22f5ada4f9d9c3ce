import { describe, expect, test } from "vitest";
import { readConfig } from "./config.ts";
import { askerOf, lookerOf } from "./node-tokens.ts";

const tokens = "ana:operator:abcdefghijklmnop";

describe("a console that anybody could act through does not start", () => {
  test.each([
    ["an address that others reach", { LEASEHOLD_CONSOLE_HOST: "0.0.0.0" }, "is not a loopback"],
    [
      "a name that brings others here",
      { LEASEHOLD_CONSOLE_ORIGIN: "https://console.example" },
      "brings others here",
    ],
  ])("%s, without sign-in", (_what, env, words) => {
    expect(() => readConfig(env)).toThrow(words);
    expect(() => readConfig(env)).toThrow("LEASEHOLD_CONSOLE_TOKENS");
    expect(readConfig({ ...env, LEASEHOLD_CONSOLE_TOKENS: tokens }).access.tokens).toHaveLength(1);
  });

  test("on loopback it may be open", () => {
    expect(readConfig({}).access).toMatchObject({ tokens: [], oidc: null, sessionMs: 28_800_000 });
    const origin = { LEASEHOLD_CONSOLE_ORIGIN: "http://localhost:3000" };
    expect(readConfig(origin).access.tokens).toEqual([]);
  });
});

describe("OpenID Connect", () => {
  const oidc = {
    LEASEHOLD_CONSOLE_OIDC_ISSUER: "https://id.example",
    LEASEHOLD_CONSOLE_OIDC_CLIENT_ID: "console",
    LEASEHOLD_CONSOLE_OIDC_ROLES: "ops=operator, *=viewer",
  };

  test("is read whole", () => {
    const { access } = readConfig(oidc);
    expect(access.oidc?.roleOf).toEqual(
      new Map([
        ["ops", "operator"],
        ["*", "viewer"],
      ]),
    );
  });

  test.each([
    ["an issuer alone", { LEASEHOLD_CONSOLE_OIDC_CLIENT_ID: "" }, "belong together"],
    ["no role for anybody", { LEASEHOLD_CONSOLE_OIDC_ROLES: "" }, "nobody who signs in"],
    ["a role that there is not", { LEASEHOLD_CONSOLE_OIDC_ROLES: "ops=root" }, '"ops=root"'],
    ["an issuer that is no URL", { LEASEHOLD_CONSOLE_OIDC_ISSUER: "id" }, "OIDC_ISSUER"],
  ])("%s is refused with what is missing", (_what, change, words) => {
    expect(() => readConfig({ ...oidc, ...change })).toThrow(words);
  });
});

test("a short secret is refused", () => {
  expect(() => readConfig({ LEASEHOLD_CONSOLE_SECRET: `${"x".repeat(32)},short` })).toThrow("32");
});

describe("a node is asked with no more than the asking person may", () => {
  const env = {
    LEASEHOLD_TOKEN: "all",
    LEASEHOLD_TOKEN_VIEWER: "look",
    LEASEHOLD_TOKEN_CHAOS: "break",
  };

  test("by the token of the role, or the next one above it", () => {
    const all = readConfig(env).tokens;
    const tokenOf = (role: "viewer" | "operator" | "chaos" | "admin") =>
      askerOf(all, { name: "ana", role }).token;
    expect(tokenOf("viewer")).toBe("look");
    expect(tokenOf("operator")).toBe("break");
    expect(tokenOf("admin")).toBe("all");
    expect(lookerOf(all)).toEqual({ token: "look", by: "console" });
    expect(lookerOf(readConfig({ LEASEHOLD_TOKEN: "all" }).tokens).token).toBe("all");
  });

  test("under a name that fits into a header", () => {
    const by = (name: string) => askerOf(readConfig(env).tokens, { name, role: "viewer" }).by;
    expect(by("Zoë Müller")).toBe("Zoe Muller");
    expect(by("安\n娜")).toBe("???");
    expect(by("x".repeat(99))).toHaveLength(64);
  });
});
