import { expect, test } from "vitest";
import * as errors from "../../errors.ts";
import * as replies from "./replies.ts";
import { toWireError } from "./wire-error.ts";

test.each([
  [replies.typeUnknown, errors.EntityTypeUnknownError],
  [replies.commandUnknown, errors.CommandUnknownError],
  [replies.overloaded, errors.OverloadedError],
  [replies.deadlineExceeded, errors.DeadlineExceededError],
  [replies.cancelled, errors.CancelledError],
  [replies.reentrant, errors.ReentrantError],
  [replies.outcomeUnknown, errors.OutcomeUnknownError],
  [replies.handlerAborted, errors.HandlerAbortedError],
  [replies.commandFailed, errors.CommandFailedError],
] as const)("refusal %# says what its class in errors.ts says", (refusal, Known) => {
  expect(refusal("why")).toEqual(toWireError(new Known("why")));
});
