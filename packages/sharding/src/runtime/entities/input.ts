import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { AnyCommand } from "./command.ts";
import type { WireError } from "./executor-messages.ts";
import { messageOf } from "./message-of.ts";
import { checkPlain, copyPlain, NotPlainError } from "./plain-data.ts";
import { commandInvalid, notStarted } from "./replies.ts";

/** Says that an input was refused, and how. */
export class Refused {
  readonly error: WireError;
  constructor(error: WireError) {
    this.error = error;
  }
}

/**
 * Checks the input of a command.
 *
 * The schema gets a copy, so that what the caller does with its object afterwards, or the handler
 * with its own, is the same whether they share a node or not. A promise only where the validator
 * gives one: most commands run without any.
 *
 * @returns what the handler gets, or {@link Refused}.
 */
export function checkInput(command: AnyCommand, input: unknown): unknown {
  const { schema } = command;
  if (schema === null) return isNothing(input) ? undefined : new Refused(takesNone);
  try {
    const result = schema["~standard"].validate(copyPlain(input, "input"));
    return result instanceof Promise ? result.then(read, failed) : read(result);
  } catch (error) {
    return failed(error);
  }
}

/** Why an input cannot cross to where it is checked; null where it can. */
export function inputFault(input: unknown): WireError | null {
  try {
    checkPlain(input, "input");
    return null;
  } catch (error) {
    return failed(error).error;
  }
}

const takesNone = commandInvalid("The command takes no input.", [
  { path: "", message: "must be left out" },
]);

/** An empty object too: it is how many clients of the HTTP edge write "no input". */
const isNothing = (input: unknown): boolean =>
  input === undefined ||
  input === null ||
  (typeof input === "object" && Object.keys(input).length === 0);

function read(result: StandardSchemaV1.Result<unknown>): unknown {
  if (result.issues === undefined) return result.value;
  const issues = result.issues.map((issue) => ({ path: pathOf(issue), message: issue.message }));
  const first = issues[0];
  const where = first === undefined || first.path === "" ? "" : `${first.path}: `;
  return new Refused(
    commandInvalid(`The input is not valid: ${where}${first?.message ?? ""}`, issues),
  );
}

const pathOf = (issue: StandardSchemaV1.Issue): string =>
  (issue.path ?? [])
    .map((segment) => String(typeof segment === "object" ? segment.key : segment))
    .join(".");

function failed(error: unknown): Refused {
  const message = messageOf(error);
  if (error instanceof NotPlainError) {
    return new Refused(
      commandInvalid(`The input is not valid: ${message}`, [{ path: "", message }]),
    );
  }
  return new Refused(notStarted(`The validator of the input failed: ${message}`));
}
