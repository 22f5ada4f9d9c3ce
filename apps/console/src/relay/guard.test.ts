import type { IncomingMessage } from "node:http";
import { describe, expect, test } from "vitest";
import { Guard } from "./guard.ts";

const request = (headers: Record<string, string>): IncomingMessage =>
  ({ headers: { host: "127.0.0.1:3000", ...headers } }) as unknown as IncomingMessage;
const own = {
  origin: "http://127.0.0.1:3000",
  "content-type": "application/json",
  "leasehold-console": "1",
};

describe("guard of the console", () => {
  const guard = new Guard({ host: "127.0.0.1", origin: undefined });

  test("lets its own page read and act", () => {
    expect(guard.refuse(request({}))).toBeNull();
    expect(guard.refuseMutation(request(own))).toBeNull();
  });

  test.each([
    ["another site's origin", { ...own, origin: "http://evil.example" }, "foreign Origin"],
    ["a name that was pointed to loopback", { ...own, host: "evil.example:3000" }, "foreign Host"],
    ["a form post", { ...own, "content-type": "text/plain" }, "no JSON"],
    [
      "a request from another site's page",
      { ...own, "sec-fetch-site": "cross-site" },
      "foreign site",
    ],
  ])("refuses %s", (_name, headers, reason) => {
    expect(guard.refuseMutation(request(headers))).toBe(reason);
  });

  test("refuses a mutation without its own header", () => {
    const { "leasehold-console": _, ...bare } = own;
    expect(guard.refuseMutation(request(bare))).toBe("no leasehold-console header");
  });

  test("knows the origin that it was told", () => {
    const behind = new Guard({ host: "0.0.0.0", origin: "https://console.example" });
    const headers = { host: "10.0.0.5:3000", origin: "https://console.example" };
    expect(behind.refuse(request(headers))).toBeNull();
  });
});
