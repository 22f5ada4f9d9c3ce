import { describe, expect, it } from "vitest";
import { StoreUnsuitableError } from "../../errors.ts";
import { type InspectedServer, refuseUnsuitable } from "./suitable-server.ts";

const good: InspectedServer = {
  backendPid: 1,
  versionNumber: 150_000,
  version: "15.0",
  inRecovery: false,
  fsync: "on",
  synchronousCommit: "on",
};

describe("a server for leases", () => {
  it.each([{}, { versionNumber: 180_004 }, { synchronousCommit: "remote_apply" }])(
    "is good enough with %o",
    (change) => {
      expect(() => refuseUnsuitable({ ...good, ...change })).not.toThrow();
    },
  );

  it.each([
    [{ versionNumber: 140_019, version: "14.19" }, "14.19"],
    [{ inRecovery: true }, "LEASE_DATABASE_URL"],
    [{ fsync: "off" }, "fsync = off"],
    [{ synchronousCommit: "off" }, "synchronous_commit = off"],
  ] as const)("is refused with %o, by name", (change, naming) => {
    const open = () => refuseUnsuitable({ ...good, ...change });
    expect(open).toThrow(StoreUnsuitableError);
    expect(open).toThrow(naming);
  });
});
