import { NodeNotReadyError, OutcomeUnknownError, type ShardingError } from "../errors.ts";
import type { AskAnswer } from "../node-api.ts";
import { answerOf, errorOf } from "./answer.ts";

/** A command for one node. */
export interface Call {
  readonly node: string;
  readonly path: string;
  readonly body: string | undefined;
  readonly key: string | undefined;
  readonly token: string | undefined;
  readonly signal: AbortSignal | undefined;
  readonly fetch: typeof fetch;
  /** What is left of the deadline. @unit milliseconds */
  readonly leftMs: number;
  /** An attempt before this one may have run. */
  readonly isRepeat: boolean;
}

/** `restMs`: how long to leave the node alone. @unit milliseconds */
export type AttemptEnd =
  | { readonly tag: "answered"; readonly answer: AskAnswer; readonly restMs: number }
  | { readonly tag: "failed"; readonly error: ShardingError; readonly restMs: number };

/** Longer than a leave takes on a busy machine: a command that meets its end is lost. @unit milliseconds */
const leavingRestMs = 10_000;
/** A node that was just cut or killed would cost every command an attempt. @unit milliseconds */
const unreachedRestMs = 1_000;
/** The node gives up first and says what became of the command; this is for when it cannot. @unit milliseconds */
const graceMs = 500;

/** Asks one node, once. Never throws: a failure is an end. */
export async function attempt(call: Call): Promise<AttemptEnd> {
  try {
    const { status, text, isLast } = await post(call);
    const restMs = isLast ? leavingRestMs : 0;
    const answer = status === 200 ? answerOf(text) : null;
    return answer === null
      ? { tag: "failed", error: errorOf(call.node, status, text), restMs }
      : { tag: "answered", answer, restMs };
  } catch (cause) {
    const restMs = call.signal?.aborted === true ? 0 : unreachedRestMs;
    return { tag: "failed", error: unanswered(call, cause), restMs };
  }
}

async function post(call: Call): Promise<{ status: number; text: string; isLast: boolean }> {
  const { node, path, body, signal, leftMs } = call;
  const controller = new AbortController();
  const giveUp = (): void => controller.abort(signal?.reason);
  const late = (): void => controller.abort(new Error(`No answer in ${leftMs + graceMs} ms.`));
  const timer = setTimeout(late, leftMs + graceMs);
  signal?.addEventListener("abort", giveUp);
  try {
    const response = await call.fetch(`${node}${path}`, {
      method: "POST",
      headers: headersOf(call),
      // Followed, it would become a GET.
      redirect: "manual",
      signal: controller.signal,
      ...(body === undefined ? {} : { body }),
    });
    const isLast = response.headers.get("connection")?.toLowerCase() === "close";
    return { status: response.status, text: await response.text(), isLast };
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", giveUp);
  }
}

function headersOf({ leftMs, token, key, isRepeat }: Call): Record<string, string> {
  return {
    "content-type": "application/json",
    "leasehold-deadline-ms": String(leftMs),
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    ...(key === undefined ? {} : { "idempotency-key": key }),
    ...(isRepeat ? { "leasehold-repeat": "true" } : {}),
  };
}

function unanswered({ node }: Call, cause: unknown): ShardingError {
  const why = cause instanceof Error ? cause.message : String(cause);
  const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : null;
  const words = inner === null ? why : `${why}: ${inner.message || codeOf(inner)}`;
  const error = isUnsent(inner)
    ? new NodeNotReadyError(`${node} cannot be reached (${words}).`)
    : new OutcomeUnknownError(`${node} was asked and did not answer (${words}).`);
  error.cause = cause;
  return error;
}

/**
 * Whether there never was a connection, so that nobody took the command. Node.js says so; a browser does not say
 * why a request failed, and there nobody can tell.
 */
const isUnsent = (error: Error | null): boolean =>
  error !== null &&
  (unsentCodes.has(codeOf(error)) || (error as { syscall?: unknown }).syscall === "connect");

const unsentCodes: ReadonlySet<string> = new Set([
  ...["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "UND_ERR_CONNECT_TIMEOUT"],
]);

const codeOf = (error: Error): string => String((error as { code?: unknown }).code ?? error.name);
