import type { ServerResponse } from "node:http";

/** Answers of the small servers on loopback, which need no framework: the fault helper's and the load's. */
export interface SmallAnswer {
  readonly status: number;
  readonly body: object;
}

export function sendAnswer(response: ServerResponse, { status, body }: SmallAnswer): void {
  const type = status < 400 ? "application/json" : "application/problem+json";
  response.writeHead(status, { "content-type": type }).end(JSON.stringify(body));
}

export const smallProblem = (status: number, code: string, detail: string): SmallAnswer => ({
  status,
  body: {
    type: `urn:leasehold:problem:${code}`,
    title: code,
    status,
    code,
    detail,
    retryable: false,
    executed: "no",
  },
});
