import { expect, test } from "vitest";
import * as errors from "../../errors.ts";
import { fromWireError, toWireError } from "./wire-error.ts";

// Every class of errors.ts that is made from a message alone: a new one is covered, or fails here.
const plain = Object.values(errors).filter(
  (Known) =>
    Known !== errors.ShardingError &&
    Known !== errors.AdminRefusedError &&
    Known !== errors.CommandError &&
    Known !== errors.CommandInvalidError,
) as unknown as (new (
  message: string,
) => errors.ShardingError)[];

test.each(plain.map((Known) => [Known.name, Known] as const))(
  "%s comes back as what it was",
  (_name, Known) => {
    const sent = new Known("why");
    const wire = toWireError(sent);
    const received = fromWireError(JSON.parse(JSON.stringify(wire)));
    expect(received).toBeInstanceOf(Known);
    expect(received).toMatchObject(wire);
    expect(wire).toEqual({
      code: sent.code,
      message: "why",
      retryable: sent.retryable,
      executed: sent.executed,
    });
  },
);

test("invalid input keeps its issues", () => {
  const issues = [{ path: "items.0", message: "too small" }];
  const received = fromWireError(toWireError(new errors.CommandInvalidError("no", issues)));
  expect(received).toBeInstanceOf(errors.CommandInvalidError);
  expect((received as errors.CommandInvalidError).issues).toEqual(issues);
});

test("an application's refusal keeps code, status and retryable", () => {
  const sent = new errors.CommandError("INSUFFICIENT_FUNDS", "Only 3 left.", { status: 422 });
  const received = fromWireError(toWireError(sent));
  expect(received).toBeInstanceOf(errors.CommandError);
  expect(received).toMatchObject({
    code: "INSUFFICIENT_FUNDS",
    message: "Only 3 left.",
    status: 422,
    retryable: false,
    executed: "yes",
  });
});

test("an unknown code keeps what the sender said about it", () => {
  const wire = { code: "FROM_THE_FUTURE", message: "m", retryable: true, executed: "no" } as const;
  const received = fromWireError(wire);
  expect(received).toBeInstanceOf(errors.ShardingError);
  expect(toWireError(received)).toEqual(wire);
});

test("the sender's word on executed outweighs the class's", () => {
  const wire = { code: "OVERLOADED", message: "m", retryable: true, executed: "yes" } as const;
  const received = fromWireError(wire);
  expect(received).toBeInstanceOf(errors.OverloadedError);
  expect(received.executed).toBe("yes");
});

test.each([
  [new TypeError("x is not a function"), "x is not a function"],
  ["a string", "a string"],
  [undefined, "undefined"],
])("what is no ShardingError is a failed command: %s", (thrown, message) => {
  expect(toWireError(thrown)).toEqual({
    code: "COMMAND_FAILED",
    message,
    retryable: false,
    executed: "yes",
  });
});
