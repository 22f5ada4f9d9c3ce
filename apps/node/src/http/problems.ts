import {
  type AdminErrorCode,
  CommandError,
  CommandInvalidError,
  type Executed,
  ShardingError,
} from "@leasehold/sharding";

/**
 * Every refusal and failure at the HTTP edge, as an RFC 9457 problem.
 *
 * `catalogue` is the one map from code to status. 502 against 504: after DEADLINE_EXCEEDED (504) the
 * command surely did not run, after OUTCOME_UNKNOWN (502) it may have; a client that retries both
 * alike would run a command twice.
 */
const catalogue = {
  // What the caller sent.
  REQUEST_INVALID: [400, "The request is not valid"],
  REQUEST_MALFORMED: [400, "The request is not HTTP"],
  BODY_MALFORMED: [400, "The body is not JSON"],
  URL_MALFORMED: [400, "The URL cannot be decoded"],
  TOKEN_REQUIRED: [401, "A token is required"],
  ROLE_REQUIRED: [403, "The token's role may not do this"],
  HOST_REFUSED: [403, "The Host header is foreign"],
  ORIGIN_REFUSED: [403, "The Origin header is foreign"],
  ROUTE_UNKNOWN: [404, "There is no such call"],
  REQUEST_TIMEOUT: [408, "The request took too long to arrive"],
  BODY_TOO_LARGE: [413, "The body is above 1 MiB"],
  CONTENT_TYPE_UNSUPPORTED: [415, "The body must be application/json"],
  HEADERS_TOO_LARGE: [431, "The headers are too large"],
  // Entities.
  ENTITY_TYPE_UNKNOWN: [404, "There is no such entity type"],
  COMMAND_UNKNOWN: [404, "The entity type has no such command"],
  COMMAND_INVALID: [422, "The command's input is not valid"],
  IDEMPOTENCY_KEY_REUSED: [422, "The idempotency key was used with another body"],
  REPEAT_REFUSED: [409, "A volatile entity cannot say whether it ran"],
  CANCELLED: [499, "The caller gave up"],
  COMMAND_FAILED: [500, "The command's handler failed"],
  OUTCOME_UNKNOWN: [502, "The command may or may not have run"],
  HANDLER_ABORTED: [503, "The command was stopped while it ran"],
  OVERLOADED: [503, "Too much is waiting already"],
  DEADLINE_EXCEEDED: [504, "The deadline passed before the command ran"],
  REENTRANT: [508, "The call would wait for itself"],
  // This node, the coordinator, Postgres.
  NODE_NOT_READY: [503, "This node cannot serve now"],
  NOT_COORDINATOR: [503, "The node asked does not lead any more"],
  COORDINATOR_UNAVAILABLE: [503, "The coordinator has not answered"],
  NO_COORDINATOR: [503, "No coordinator was there to be asked"],
  STORE_UNAVAILABLE: [503, "Postgres did not answer"],
  SESSION_LOST: [503, "The lease session has ended"],
  STORE_UNSUITABLE: [500, "Postgres is not one that this cluster can use"],
  INTERNAL: [500, "An unexpected error"],
  // Operators.
  EVENTS_GONE: [410, "The events are past retention"],
  NODE_UNKNOWN: [404, "There is no such node"],
  SHARD_UNKNOWN: [404, "There is no such shard"],
  PLAN_UNKNOWN: [404, "There is no such plan"],
  NODE_NOT_UP: [409, "The node is not up"],
  PLAN_STATE: [409, "The plan's state does not allow it"],
  PLAN_STALE: [409, "The cluster has changed since the plan was made"],
  MOVE_INVALID: [422, "A move makes no sense"],
  DAEMON_UNKNOWN: [404, "There is no such daemon"],
  SCALE_INVALID: [422, "A daemon cannot have so many workers"],
  // Faults.
  FAULTS_OFF: [403, "This node was started without faults"],
  FAULT_UNKNOWN: [404, "There is no such fault"],
  FAULT_KIND_UNSUPPORTED: [422, "This release has no such fault"],
  FAULT_STEP_UNKNOWN: [422, "There is no such step to crash at"],
} as const satisfies Record<AdminErrorCode, Entry> & Record<string, Entry>;

type Entry = readonly [status: number, title: string];

export type ProblemCode = keyof typeof catalogue;
export const problemCodes = Object.keys(catalogue) as readonly ProblemCode[];

/** The table in docs/http-errors.md; problems.test.ts fails when the page is another one. */
export const problemsAsMarkdown = (): string =>
  [
    "| code | status | title |",
    "|---|---|---|",
    ...Object.entries(catalogue).map(
      ([code, [status, title]]) => `| \`${code}\` | ${status} | ${title} |`,
    ),
    "",
  ].join("\n");

export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: string;
  readonly retryable: boolean;
  readonly executed: Executed;
  readonly [extension: string]: unknown;
}

export interface Issue {
  readonly path: string;
  readonly message: string;
}

/** Thrown by the HTTP layer itself; nothing was executed. */
export class HttpProblem extends Error {
  override readonly name = "HttpProblem";
  readonly problem: Problem;
  constructor(
    code: ProblemCode,
    detail: string,
    more: { readonly retryable?: boolean; readonly [extension: string]: unknown } = {},
  ) {
    super(detail);
    this.problem = problem(code, detail, { retryable: false, executed: "no", ...more });
  }
}

export function problem(
  code: string,
  detail: string,
  more: {
    readonly retryable: boolean;
    readonly executed: Executed;
    readonly [extension: string]: unknown;
  },
  status?: number,
): Problem {
  const [known, title] = isKnown(code) ? catalogue[code] : [422, "The command was refused"];
  const type = `urn:leasehold:problem:${code}`;
  return { type, title, status: status ?? known, detail, code, ...more };
}

/** The problem of an error that names its code; null for one that nobody expected. */
export function problemOf(error: unknown): Problem | null {
  if (error instanceof HttpProblem) return error.problem;
  if (!(error instanceof ShardingError)) return null;
  const { code, message, retryable, executed } = error;
  const issues = error instanceof CommandInvalidError ? { issues: error.issues } : {};
  const status = error instanceof CommandError ? statusOf(error) : undefined;
  return problem(code, message, { retryable, executed, ...issues }, status);
}

/** An entity's own refusal may name a status; one that is no error would turn it into a success. */
const statusOf = ({ status }: CommandError): number | undefined =>
  Number.isInteger(status) && status !== undefined && status >= 400 && status <= 599
    ? status
    : undefined;

const isKnown = (code: string): code is ProblemCode => Object.hasOwn(catalogue, code);
