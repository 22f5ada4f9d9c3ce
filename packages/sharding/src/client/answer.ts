import { CommandError, type Executed, OutcomeUnknownError, type ShardingError } from "../errors.ts";
import type { AskAnswer } from "../node-api.ts";
import type { WireError } from "../runtime/entities/executor-messages.ts";
import { fromWireError } from "../runtime/entities/wire-error.ts";

/** @returns null where it is no node's answer. */
export function answerOf(text: string): AskAnswer | null {
  const body = objectIn(text);
  const { result, servedBy } = body ?? {};
  if (result === undefined || !isObject(servedBy)) return null;
  return { result, servedBy: servedBy as unknown as AskAnswer["servedBy"] };
}

/** What a node's problem says, or what can be said where something else answered. */
export function errorOf(node: string, status: number, text: string): ShardingError {
  const problem = problemIn(status, text);
  if (problem !== null) return fromWireError(problem);
  const words = `${node} answered ${status} and is no Leasehold node, or something stands before it.`;
  // Below 500 somebody refused it. Above, and after a success that says nothing, a node may have been asked.
  const isRefused = status !== 200 && status < 500;
  if (!isRefused) return new OutcomeUnknownError(words);
  return new CommandError(`HTTP_${status}`, words, { executed: "no", status });
}

function problemIn(status: number, text: string): WireError | null {
  const { code, retryable, executed, detail, issues } = objectIn(text) ?? {};
  if (typeof code !== "string" || typeof retryable !== "boolean" || !isExecuted(executed)) {
    return null;
  }
  const message = typeof detail === "string" ? detail : code;
  return { code, retryable, executed, message, status, issues: issuesIn(issues) };
}

const isExecuted = (value: unknown): value is Executed =>
  value === "no" || value === "yes" || value === "unknown";

const issuesIn = (value: unknown): NonNullable<WireError["issues"]> =>
  (Array.isArray(value) ? value : [])
    .filter(isObject)
    .map(({ path, message }) => ({ path: String(path), message: String(message) }));

function objectIn(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : null;
  } catch {
    // Not JSON: something other than a node answered, and the status says what there is to say.
    return null;
  }
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
