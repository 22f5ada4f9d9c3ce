import { STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import type { LogFn } from "@leasehold/sharding";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { hasZodFastifySchemaValidationErrors } from "fastify-type-provider-zod";
import { bodyLimitBytes } from "./body.ts";
import {
  HttpProblem,
  type Issue,
  type Problem,
  type ProblemCode,
  problem,
  problemOf,
} from "./problems.ts";

/** Makes every way to fail end in a problem: thrown errors, unknown routes, broken HTTP. */
export function answerProblems(app: FastifyInstance, log: LogFn): void {
  app.setErrorHandler(async (error, request, reply) => await answer(error, request, reply, log));
  app.setNotFoundHandler(async (request, reply) => {
    const [path] = request.url.split("?", 1);
    const detail = `${request.method} ${path} is not a call of this node; /openapi.json lists all.`;
    await send(reply, new HttpProblem("ROUTE_UNKNOWN", detail).problem);
  });
}

/** For errors before routing (an URL that cannot be decoded). */
export const answerFrameworkError =
  (log: LogFn) =>
  (error: Error, request: FastifyRequest, reply: FastifyReply): void => {
    void answer(error, request, reply, log);
  };

async function answer(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  log: LogFn,
): Promise<void> {
  await send(reply, problemOf(error) ?? fromFramework(error) ?? unexpected(error, request, log));
}

async function send(reply: FastifyReply, body: Problem): Promise<void> {
  if (body.status === 503) reply.header("retry-after", "1");
  if (body.status === 401) reply.header("www-authenticate", 'Bearer realm="leasehold"');
  await reply.code(body.status).type("application/problem+json").send(body);
}

const frameworkCodes: Readonly<Record<string, ProblemCode>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: "BODY_TOO_LARGE",
  FST_ERR_CTP_INVALID_MEDIA_TYPE: "CONTENT_TYPE_UNSUPPORTED",
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: "BODY_MALFORMED",
  FST_ERR_CTP_INVALID_JSON_BODY: "BODY_MALFORMED",
  FST_ERR_BAD_URL: "URL_MALFORMED",
  FST_ERR_MAX_PARAM_LENGTH: "URL_MALFORMED",
};

/** Where the framework's own words do not say what would be accepted. */
const details: Partial<Readonly<Record<ProblemCode, string>>> = {
  BODY_TOO_LARGE: `A body may have ${bodyLimitBytes} bytes.`,
  CONTENT_TYPE_UNSUPPORTED: "Send JSON, with the header Content-Type: application/json.",
};

function fromFramework(error: unknown): Problem | null {
  if (hasZodFastifySchemaValidationErrors(error)) {
    const issues: Issue[] = error.validation.map(({ instancePath, message }) => ({
      path: instancePath.replace(/^\//, "").replaceAll("/", "."),
      message: message ?? "not valid",
    }));
    const where = error.validationContext ?? "request";
    const first = issues[0];
    const detail = `The ${where} is not valid: ${first?.path || where}: ${first?.message}.`;
    return new HttpProblem("REQUEST_INVALID", detail, { issues }).problem;
  }
  const code = (error as { code?: unknown } | null)?.code;
  const known = typeof code === "string" ? frameworkCodes[code] : undefined;
  if (known === undefined) return null;
  return new HttpProblem(known, details[known] ?? (error as Error).message).problem;
}

/** The message stays in the log: it may carry a row's values. */
function unexpected(error: unknown, request: FastifyRequest, log: LogFn): Problem {
  log("error", "a request failed unexpectedly", {
    requestId: request.id,
    route: request.routeOptions?.url,
    error: error instanceof Error ? (error.stack ?? error.message) : String(error),
  });
  const detail = `The node's log says more under request ${request.id}.`;
  return problem("INTERNAL", detail, { retryable: false, executed: "unknown" });
}

/** Answers what never became a request: broken HTTP, headers too large or too slow. */
export function answerClientError(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  const body = clientProblem(error).problem;
  const text = JSON.stringify(body);
  const head = [
    `HTTP/1.1 ${body.status} ${STATUS_CODES[body.status] ?? ""}`,
    "Connection: close",
    "Content-Type: application/problem+json",
    `Content-Length: ${Buffer.byteLength(text)}`,
  ];
  socket.end(`${head.join("\r\n")}\r\n\r\n${text}`);
}

function clientProblem(error: Error & { code?: string }): HttpProblem {
  if (error.code === "ERR_HTTP_REQUEST_TIMEOUT") {
    return new HttpProblem(
      "REQUEST_TIMEOUT",
      "Headers must arrive within 5 s, the body within 15 s.",
    );
  }
  if (error.code === "HPE_HEADER_OVERFLOW") {
    return new HttpProblem(
      "HEADERS_TOO_LARGE",
      "Request line and headers may have 16 KiB together.",
    );
  }
  return new HttpProblem(
    "REQUEST_MALFORMED",
    `The bytes are no HTTP request (${error.code ?? error.message}).`,
  );
}
