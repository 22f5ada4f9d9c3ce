/** One request that a node must refuse, and what it must say. */
export interface HttpCase {
  readonly what: string;
  readonly path?: string;
  /** Made anew for each request: a stream can be sent once only. */
  readonly body: () => NonNullable<RequestInit["body"]>;
  readonly contentType?: string;
  readonly status: number;
  readonly code: string;
  readonly detail: string | RegExp;
  readonly more?: Readonly<Record<string, unknown>>;
}

const limitBytes = 1_048_576;
const tooLarge = JSON.stringify({ by: 1, filler: "x".repeat(limitBytes) });
const add = "/v1/entities/counter/wrong/add";

const cases: readonly HttpCase[] = [
  {
    what: "an unknown entity type",
    path: "/v1/entities/nobody/1/add",
    body: () => "{}",
    status: 404,
    code: "ENTITY_TYPE_UNKNOWN",
    detail: /^There is no entity type "nobody" here; known types: .*counter/,
  },
  {
    what: "an unknown command",
    path: "/v1/entities/counter/wrong/explode",
    body: () => "{}",
    status: 404,
    code: "COMMAND_UNKNOWN",
    detail: /^Entity type "counter" has no command "explode"; known commands: add, get\.$/,
  },
  {
    what: "an input that fails validation",
    body: () => '{"by":"many"}',
    status: 422,
    code: "COMMAND_INVALID",
    detail: /^The input is not valid: by: /,
    more: { issues: [{ path: "by", message: "Invalid input: expected number, received string" }] },
  },
  {
    what: "no input where one is needed",
    body: () => "",
    status: 422,
    code: "COMMAND_INVALID",
    detail: /^The input is not valid: Invalid input: expected object, received undefined$/,
  },
  {
    what: "a body above 1 MiB",
    body: () => tooLarge,
    status: 413,
    code: "BODY_TOO_LARGE",
    detail: "A body may have 1048576 bytes.",
  },
  {
    what: "a body above 1 MiB that does not announce its length",
    body: () => new Blob([tooLarge]).stream(),
    status: 413,
    code: "BODY_TOO_LARGE",
    detail: "A body may have 1048576 bytes.",
  },
  {
    what: "malformed JSON",
    body: () => '{"by": 1',
    status: 400,
    code: "BODY_MALFORMED",
    detail: /^The body is not acceptable JSON: /,
  },
  {
    what: "a key that would reach a prototype",
    body: () => '{"by": 1, "__proto__": {"by": 2}}',
    status: 400,
    code: "BODY_MALFORMED",
    detail: /^The body is not acceptable JSON: /,
  },
  {
    what: "a form",
    body: () => "by=1",
    contentType: "application/x-www-form-urlencoded",
    status: 415,
    code: "CONTENT_TYPE_UNSUPPORTED",
    detail: /Content-Type: application\/json/,
  },
  {
    what: "an operator's request that fails validation",
    path: "/v1/faults",
    body: () => '{"kind":"slow-link","peer":"node-2","delayMs":-1}',
    status: 400,
    code: "REQUEST_INVALID",
    detail: /delayMs/,
  },
];

/** Without a path they are for a command that exists. */
export const httpCases = cases.map((one) => ({ path: add, ...one }));
