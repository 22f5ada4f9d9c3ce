import type { Problem } from "../wire/commands.ts";
import type { Asker } from "./node-tokens.ts";

/** A node's answer, or why there is none. */
export type NodeAnswer =
  | { readonly ok: true; readonly status: number; readonly body: unknown }
  | { readonly ok: false; readonly problem: Problem; readonly reached: boolean };

/** One HTTP call to a node, with the token that browsers never see. Never throws. */
export async function askNode(
  address: string,
  { token, by }: Asker,
  method: "GET" | "POST" | "PUT" | "DELETE",
  path: string,
  body?: unknown,
  timeoutMs = 10_000,
): Promise<NodeAnswer> {
  try {
    const response = await fetch(`${address}${path}`, {
      method,
      headers: {
        accept: "application/json",
        "leasehold-by": by,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        "leasehold-deadline-ms": String(timeoutMs),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(timeoutMs),
    });
    const answer = parseJson(await response.text());
    if (response.ok) return { ok: true, status: response.status, body: answer };
    return { ok: false, reached: true, problem: toProblem(response.status, answer) };
  } catch (error) {
    return { ok: false, ...unreachable(address, error) };
  }
}

function parseJson(text: string): unknown {
  if (text === "") return null;
  try {
    return JSON.parse(text);
  } catch {
    // Something other than a node answered; its status says enough.
    return null;
  }
}

function toProblem(status: number, answer: unknown): Problem {
  const given = typeof answer === "object" && answer !== null ? answer : {};
  return { title: `The node answered ${status}.`, code: "NODE_REFUSED", ...given, status };
}

function unreachable(address: string, error: unknown): { problem: Problem; reached: boolean } {
  const isTimeout = error instanceof Error && error.name === "TimeoutError";
  const isRefused = error instanceof Error && hasCode(error.cause, "ECONNREFUSED");
  return {
    reached: isTimeout,
    problem: {
      title: isTimeout ? `${address} did not answer in time.` : `${address} cannot be reached.`,
      status: isTimeout ? 504 : 502,
      code: isTimeout ? "NODE_TIMEOUT" : "NODE_UNREACHABLE",
      retryable: true,
      // Only a refused connection proves that nothing was carried out.
      executed: isRefused ? "no" : "unknown",
    },
  };
}

const hasCode = (cause: unknown, code: string): boolean =>
  typeof cause === "object" && cause !== null && "code" in cause && cause.code === code;
