import { DatabaseError } from "pg";
import { describe, expect, it } from "vitest";
import { SessionLostError, StoreUnavailableError, StoreUnsuitableError } from "../../errors.ts";
import { isUnsettable, leavesNoTrace, refusesStartup, storeError } from "./sqlstate.ts";

const refusal = (code: string, message = "said the server"): DatabaseError => {
  const error = new DatabaseError(message, 0, "error");
  error.code = code;
  return error;
};

describe("an error of the driver", () => {
  it.each([
    ["08006", "the connection failed"],
    ["53300", "too many connections"],
    ["53100", "the disk is full"],
    ["57014", "the statement took too long"],
    ["57P01", "the backend was terminated"],
    ["57P03", "the server is starting"],
    ["57P05", "the session was silent for too long"],
    ["55P03", "a row was locked for too long"],
    ["40P01", "a deadlock"],
    ["25006", "the server became read-only"],
  ])("with %s (%s) means that the store is unavailable", (code) => {
    const error = refusal(code);
    const mapped = storeError(error, "committing");
    expect(mapped).toBeInstanceOf(StoreUnavailableError);
    expect(mapped.cause).toBe(error);
    expect(mapped.message).toContain("committing");
  });

  it.each([
    ["28P01", "password"],
    ["3D000", "Create the database"],
    ["42P01", "leasehold migrate"],
    ["3F000", "leasehold migrate"],
    ["42501", "Grant"],
    ["55000", "standby"],
  ])("with %s is for a person to mend, and says how", (code, advice) => {
    const mapped = storeError(refusal(code), "loading");
    expect(mapped).toBeInstanceOf(StoreUnsuitableError);
    expect(mapped.message).toContain(advice);
  });

  it.each(["23505", "23514", "22P02"])("with %s is a mistake of this program and stays", (code) => {
    const error = refusal(code);
    expect(storeError(error, "committing")).toBe(error);
  });

  it("without a code of the server means that it cannot be reached", () => {
    const refused = new AggregateError(
      [new Error("::1 refused"), new Error("127.0.0.1 refused")],
      "",
    );
    const mapped = storeError(refused, "connecting");
    expect(mapped).toBeInstanceOf(StoreUnavailableError);
    expect(mapped.message).toContain("127.0.0.1 refused");
  });

  it("says for certain that nothing was stored, unless it ended the connection", () => {
    expect(leavesNoTrace(refusal("53100"))).toBe(true);
    expect(leavesNoTrace(refusal("54000"))).toBe(true);
    expect(leavesNoTrace(refusal("57014"))).toBe(true);
    expect(leavesNoTrace(refusal("57P01"))).toBe(false);
    expect(leavesNoTrace(new Error("Connection terminated unexpectedly"))).toBe(false);
  });

  it("that was understood already stays as it is", () => {
    const lost = new SessionLostError("gone");
    expect(storeError(lost, "renewing")).toBe(lost);
  });

  it("is told from one about a parameter of the start, or a setting of another platform", () => {
    expect(refusesStartup(refusal("08P01", "unsupported startup parameter: options"))).toBe(true);
    expect(refusesStartup(refusal("08P01", "invalid message format"))).toBe(false);
    expect(isUnsettable(refusal("22023"))).toBe(true);
    expect(isUnsettable(refusal("57P01"))).toBe(false);
  });
});
