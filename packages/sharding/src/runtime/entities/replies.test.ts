import { expect, test } from "vitest";
import * as errors from "../../errors.ts";
import * as replies from "./replies.ts";
import { toWireError } from "./wire-error.ts";

test.each([
  ["typeUnknown", errors.EntityTypeUnknownError],
  ["commandUnknown", errors.CommandUnknownError],
  ["overloaded", errors.OverloadedError],
  ["deadlineExceeded", errors.DeadlineExceededError],
  ["cancelled", errors.CancelledError],
  ["reentrant", errors.ReentrantError],
  ["outcomeUnknown", errors.OutcomeUnknownError],
  ["handlerAborted", errors.HandlerAbortedError],
  ["commandFailed", errors.CommandFailedError],
] as const)("%s says what its class in errors.ts says", (name, Known) => {
  expect(replies[name]("why")).toEqual(toWireError(new Known("why")));
});
