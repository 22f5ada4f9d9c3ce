import { SchemaTooNewError } from "@leasehold/db";
import { NodeIdInUseError, StoreUnavailableError } from "@leasehold/sharding";
import { describe, expect, test } from "vitest";
import { ConfigError } from "./config/read-config.ts";
import { describeFailure } from "./start-failure.ts";

const around = {
  host: "127.0.0.1",
  port: 4101,
  databaseUrl: "postgres://leasehold:hunter2@db.example/app",
};
const withCode = (code: string, more = {}): Error =>
  Object.assign(new Error(`raw ${code} password=hunter2`), { code, ...more });

describe("a start that fails", () => {
  test("on a taken port names host, port and flag", () => {
    const { message, exitCode } = describeFailure(
      withCode("EADDRINUSE", { syscall: "listen" }),
      around,
    );
    expect(exitCode).toBe(1);
    expect(message).toContain("127.0.0.1:4101 is taken");
    expect(message).toContain("--port");
  });

  test.each([
    ["ECONNREFUSED", "cannot be reached: nothing listens there"],
    ["ENOTFOUND", "cannot be reached: the host name is unknown"],
    ["ETIMEDOUT", "cannot be reached: no answer in time"],
    ["57P03", "cannot be reached: it is starting up"],
    ["28P01", "refuses: the password is wrong"],
    ["3D000", "refuses: there is no such database"],
  ])("with %s names host, port and database, never the password", (code, said) => {
    const wrapped = new StoreUnavailableError("no", { cause: withCode(code) } as never);
    const several = new AggregateError([withCode(code)], "");
    for (const error of [
      withCode(code),
      several,
      Object.assign(wrapped, { cause: withCode(code) }),
    ]) {
      const { message, exitCode } = describeFailure(error, around);
      expect(exitCode).toBe(1);
      expect(message).toContain(`Postgres at db.example:5432/app ${said}`);
      expect(message).not.toContain("hunter2");
    }
  });

  test("without an answer says so", () => {
    const { message } = describeFailure(new Error("timeout expired"), around);
    expect(message).toBe("Postgres at db.example:5432/app cannot be reached: no answer in time.");
  });

  test("where the server hangs up says so", () => {
    const { message } = describeFailure(new Error("Connection terminated unexpectedly"), around);
    expect(message).toBe(
      "Postgres at db.example:5432/app cannot be reached: it closed the connection.",
    );
  });

  test("that nobody foresaw is told whole, but for passwords", () => {
    const error = new Error("odd: postgres://me:hun/ter2@db.example/app");
    error.stack = `Error: ${error.message}\n    at f (file:///x/pg@8.23.1/lib/a.js:64:12)`;
    expect(describeFailure(error, around).message).toBe(
      "Error: odd: postgres://me:***@db.example/app\n    at f (file:///x/pg@8.23.1/lib/a.js:64:12)",
    );
  });

  test("with an error of the library uses its words", () => {
    const { message } = describeFailure(
      new NodeIdInUseError('Node id "node-1" is in use.'),
      around,
    );
    expect(message).toBe('Node id "node-1" is in use.');
  });

  test("unexpectedly shows the stack without passwords", () => {
    const { message } = describeFailure(new TypeError("at postgres://u:hunter2@h/db"), around);
    expect(message).toContain("TypeError");
    expect(message).not.toContain("hunter2");
  });

  test("on a schema that is too new ends with 57, on wrong settings with 2", () => {
    expect(describeFailure(new SchemaTooNewError("newer")).exitCode).toBe(57);
    expect(describeFailure(new ConfigError(["one", "two"]))).toEqual({
      exitCode: 2,
      message: "one\ntwo",
    });
  });
});
