import { describe, expect, test } from "vitest";
import { readAddress } from "./look-up.model.ts";

const written = (type: string, id: string, namespace = "default") => ({ type, id, namespace });

describe("what was written", () => {
  test.each([
    [written("account", "alice"), written("account", "alice")],
    [written("account/alice", ""), written("account", "alice")],
    [written("", "account/alice"), written("account", "alice")],
    [written("eu/account/alice", ""), written("account", "alice", "eu")],
    [written("account/a/b", "", "eu"), written("account", "a/b", "eu")],
    [written("account", "a/b"), written("account", "a/b")],
    [written(" account ", " alice"), written("account", " alice")],
    [written("account", "alice", ""), written("account", "alice")],
  ])("%o is read as %o", (from, address) => {
    expect(readAddress(from)).toEqual({ address, problem: null });
  });

  test.each([
    [written("", ""), /its type and its id/],
    [written("", "172"), /of which type "172" is/],
    [written("account", ""), /which account: its id/],
    [written("account/", ""), /which account: its id/],
  ])("%o is not enough, and it is said what is missing", (from, problem) => {
    expect(readAddress(from).problem).toMatch(problem);
  });
});
