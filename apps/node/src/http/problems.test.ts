import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import * as sharding from "@leasehold/sharding";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createHttpUnderTest, type HttpUnderTest } from "../testing/http-service.ts";
import { problemCodes, problemOf, problemsAsMarkdown } from "./problems.ts";

let http: HttpUnderTest;
beforeEach(async () => {
  http = await createHttpUnderTest();
});
afterEach(async () => {
  await http.close();
});

const json = { host: "localhost", "content-type": "application/json" };
const command = "/v1/entities/counter/c/add";

const expectProblem = (
  answer: Awaited<ReturnType<HttpUnderTest["app"]["inject"]>>,
  status: number,
  code: string,
): void => {
  expect(answer.statusCode).toBe(status);
  expect(answer.headers["content-type"]).toContain("application/problem+json");
  const body = answer.json();
  expect(body).toMatchObject({ type: `urn:leasehold:problem:${code}`, status, code });
  expect(body.title).toEqual(expect.any(String));
  expect(body.detail).toEqual(expect.any(String));
  expect(body.retryable).toEqual(expect.any(Boolean));
  expect(["no", "yes", "unknown"]).toContain(body.executed);
};

describe("a request that cannot be read is a problem", () => {
  test("malformed JSON", async () => {
    for (const payload of ["{", "undefined", '{"a":1,}', "\u0000"]) {
      const answer = await http.app.inject({
        method: "POST",
        url: command,
        headers: json,
        payload,
      });
      expectProblem(answer, 400, "BODY_MALFORMED");
    }
  });

  test("keys that would reach a prototype, and nesting that would overflow a stack", async () => {
    const payloads = [
      '{"__proto__":{"admin":true}}',
      '{"constructor":{"prototype":{"admin":true}}}',
      `${"[".repeat(200)}${"]".repeat(200)}`,
    ];
    for (const payload of payloads) {
      const answer = await http.app.inject({
        method: "POST",
        url: command,
        headers: json,
        payload,
      });
      expectProblem(answer, 400, "BODY_MALFORMED");
    }
  });

  test("a body above 1 MiB", async () => {
    const payload = JSON.stringify("x".repeat(1_048_576));
    const answer = await http.app.inject({ method: "POST", url: command, headers: json, payload });
    expectProblem(answer, 413, "BODY_TOO_LARGE");
    const fits = JSON.stringify("x".repeat(1_048_574));
    const fine = await http.app.inject({
      method: "POST",
      url: command,
      headers: json,
      payload: fits,
    });
    expect(fine.statusCode).toBe(200);
  });

  test("another content type", async () => {
    for (const type of ["text/plain", "application/x-www-form-urlencoded", "application/xml"]) {
      const headers = { ...json, "content-type": type };
      const answer = await http.app.inject({
        method: "POST",
        url: command,
        headers,
        payload: "a=1",
      });
      expectProblem(answer, 415, "CONTENT_TYPE_UNSUPPORTED");
    }
  });

  test("an unknown route, and a known one with another method", async () => {
    for (const [method, url] of [
      ["GET", "/v1/nothing"],
      ["PUT", "/v1/cluster"],
      ["GET", command],
    ] as const) {
      expectProblem(await http.app.inject({ method, url, headers: json }), 404, "ROUTE_UNKNOWN");
    }
  });

  test("an URL that cannot be decoded", async () => {
    const url = "/v1/entities/counter/%zz/add";
    expectProblem(
      await http.app.inject({ method: "POST", url, headers: json }),
      400,
      "URL_MALFORMED",
    );
  });

  test("none of them reached the node", async () => {
    await http.app.inject({ method: "POST", url: command, headers: json, payload: "{" });
    expect(http.node.asked).toEqual([]);
  });
});

describe("an error of the library is a problem with its own words", () => {
  const statuses = [
    [sharding.StoreUnavailableError, 503],
    [sharding.StoreUnsuitableError, 500],
    [sharding.SessionLostError, 503],
    [sharding.EntityTypeUnknownError, 404],
    [sharding.CommandUnknownError, 404],
    [sharding.CommandFailedError, 500],
    [sharding.OverloadedError, 503],
    [sharding.DeadlineExceededError, 504],
    [sharding.OutcomeUnknownError, 502],
    [sharding.CancelledError, 499],
    [sharding.ReentrantError, 508],
    [sharding.HandlerAbortedError, 503],
    [sharding.NodeNotReadyError, 503],
    [sharding.CoordinatorUnavailableError, 503],
    [sharding.NoCoordinatorError, 503],
    [sharding.FaultsOffError, 403],
  ] as const;

  test.each(statuses)("%o is %i", async (Known, status) => {
    const error = new Known("what happened");
    http.node.onAsk = async () => {
      throw error;
    };
    const answer = await http.app.inject({ method: "POST", url: command, headers: json });
    expectProblem(answer, status, error.code);
    const { code, retryable, executed } = error;
    expect(answer.json()).toMatchObject({ detail: "what happened", code, retryable, executed });
    expect(answer.headers["retry-after"]).toBe(status === 503 ? "1" : undefined);
  });

  test("an entity's own refusal is 422, or the status it names where that is an error", () => {
    const refuse = (status?: number) =>
      problemOf(
        new sharding.CommandError(
          "INSUFFICIENT_FUNDS",
          "9 < 10",
          status === undefined ? {} : { status },
        ),
      );
    expect(refuse()).toMatchObject({ status: 422, code: "INSUFFICIENT_FUNDS", executed: "yes" });
    expect(refuse(409)?.status).toBe(409);
    for (const wrong of [200, 99, 600, 404.5, Number.NaN]) expect(refuse(wrong)?.status).toBe(422);
  });

  test("an unexpected error tells the log, not the caller", async () => {
    http.node.onAsk = async () => {
      throw new Error("password=hunter2");
    };
    const answer = await http.app.inject({ method: "POST", url: command, headers: json });
    expectProblem(answer, 500, "INTERNAL");
    expect(answer.json().executed).toBe("unknown");
    expect(answer.payload).not.toContain("hunter2");
    expect(JSON.stringify(http.logged)).toContain("hunter2");
    const id = /request (\S+)\.$/.exec(answer.json().detail)?.[1];
    expect(JSON.stringify(http.logged)).toContain(id);
  });

  test("docs/http-errors.md shows the catalogue as it is", async () => {
    const page = fileURLToPath(new URL("../../../../docs/http-errors.md", import.meta.url));
    expect(await readFile(page, "utf8")).toContain(problemsAsMarkdown());
  });

  test("codes are upper case, because callers switch on them", () => {
    for (const code of problemCodes) expect(code).toMatch(/^[A-Z]+(_[A-Z]+)*$/);
  });
});
