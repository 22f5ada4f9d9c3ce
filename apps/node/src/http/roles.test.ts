import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createFakeFaults, type FakeFaults } from "../testing/fake-faults.ts";
import { createHttpUnderTest, type HttpUnderTest } from "../testing/http-service.ts";
import { may, type Role, roles } from "./roles.ts";

const tokens = {
  viewer: "the-viewers-token",
  operator: "the-operators-token",
  chaos: "the-chaos-token",
  admin: "the-full-token",
} as const;

/** Every call of the interface and the least role that may make it. */
const table: Readonly<Record<string, Role | "anyone">> = {
  "GET /livez": "anyone",
  "GET /readyz": "anyone",
  "GET /metrics": "anyone",
  "GET /openapi.json": "anyone",
  "GET /v1/cluster": "viewer",
  "GET /v1/self": "viewer",
  "GET /v1/shards": "viewer",
  "GET /v1/events": "viewer",
  "GET /v1/daemons": "viewer",
  "GET /v1/faults": "viewer",
  "GET /v1/plans/p": "viewer",
  "GET /v1/entities/counter/c": "viewer",
  "POST /v1/plans": "operator",
  "POST /v1/plans/preview": "operator",
  "POST /v1/plans/p/apply": "operator",
  "POST /v1/nodes/node-2/cordon": "operator",
  "POST /v1/shards/default/0/unpin": "operator",
  "POST /v1/daemons/settler/scale": "operator",
  "DELETE /v1/faults": "operator",
  "DELETE /v1/faults/f": "operator",
  "POST /v1/faults": "chaos",
  "POST /v1/entities/counter/c/get": "admin",
};

let http: HttpUnderTest;
let faults: FakeFaults;
beforeEach(async () => {
  faults = createFakeFaults();
  http = await createHttpUnderTest({ faults, tokens });
});
afterEach(async () => {
  await http.close();
});

async function ask(call: string, role: Role | null) {
  const [method, url] = call.split(" ") as ["GET" | "POST" | "DELETE", string];
  const authorization = role === null ? {} : { authorization: `Bearer ${tokens[role]}` };
  const headers = { host: "node.example", ...authorization };
  const answer = await http.app.inject({ method, url, headers });
  const isJson = String(answer.headers["content-type"]).includes("json");
  return { status: answer.statusCode, code: isJson ? answer.json().code : undefined };
}

describe.each(Object.entries(table))("%s", (call, needs) => {
  test.each([null, ...roles])(`is for ${needs}; asked by %s`, async (role) => {
    const { code } = await ask(call, role);
    const isMet = needs === "anyone" || (role !== null && may(role, needs));
    if (isMet) expect(["TOKEN_REQUIRED", "ROLE_REQUIRED"]).not.toContain(code);
    else expect(code).toBe(role === null ? "TOKEN_REQUIRED" : "ROLE_REQUIRED");
    if (!isMet) expect([http.node.commands, http.node.asked, faults.requests].flat()).toEqual([]);
  });
});

test("the table above is whole, and the description of the interface says the same", async () => {
  const answer = await http.app.inject({ url: "/openapi.json", headers: { host: "node.example" } });
  const described = Object.entries(answer.json().paths).flatMap(([path, methods]) =>
    Object.entries(methods as Record<string, { "x-role": string }>).map(([method, it]) => {
      const pattern = path.replaceAll(/\{\w+\}/g, "[^/ ]+");
      const call = Object.keys(table).find((key) =>
        new RegExp(`^${method} ${pattern}$`, "i").test(key),
      );
      return [`${method} ${path}`, it["x-role"], table[call ?? ""]];
    }),
  );
  expect(described.length).toBeGreaterThan(15);
  for (const [call, role, expected] of described) expect(role, call).toBe(expected);
});

test("a refusal says which role the call needs and which the token has", async () => {
  const answer = await http.app.inject({
    method: "POST",
    url: "/v1/faults",
    headers: { host: "node.example", authorization: `Bearer ${tokens.operator}` },
  });
  expect(answer.statusCode).toBe(403);
  expect(answer.json()).toMatchObject({ code: "ROLE_REQUIRED", role: "operator", needs: "chaos" });
  expect(answer.json().detail).not.toContain(tokens.operator);
});

test("a node without faults has no handler that could set one, whoever asks", async () => {
  const without = await createHttpUnderTest({ tokens });
  try {
    const calls = without.app.printRoutes({ commonPrefix: false });
    expect(calls).not.toContain(":id (DELETE)");
    for (const method of ["GET", "POST", "PUT", "DELETE"] as const) {
      const headers = { host: "node.example", authorization: `Bearer ${tokens.admin}` };
      const answer = await without.app.inject({ method, url: "/v1/faults", headers });
      expect(answer.json(), method).toMatchObject({ status: 403, code: "FAULTS_OFF" });
    }
    const paths = await without.app.inject({ url: "/openapi.json", headers: { host: "x" } });
    expect(Object.keys(paths.json().paths).filter((it) => it.includes("faults"))).toEqual([]);
  } finally {
    await without.close();
  }
});
