import { afterEach, describe, expect, test, vi } from "vitest";
import { nodeEnv, type Surroundings } from "./children.ts";
import { type LaunchFlags, parseFlags } from "./flags.ts";

afterEach(() => vi.unstubAllEnvs());

function told(...argv: string[]): NodeJS.ProcessEnv {
  const parsed = parseFlags(argv) as { readonly flags: LaunchFlags };
  const around: Surroundings = {
    ...{
      flags: parsed.flags,
      cluster: "default",
      secret: "s",
      tokens: { viewer: "v", operator: "o", chaos: "c", admin: "t" },
      logs: "logs",
    },
    ...{
      databaseUrl: "postgres://localhost/db",
      leaseDatabaseUrl: null,
      restartPostgres: null,
      say: () => undefined,
    },
  };
  return nodeEnv(2, around);
}

describe("what a node of pnpm start is told", () => {
  test("its place and the shards of the flags", () => {
    expect(told("--shards", "32", "--node-port", "4200")).toMatchObject({
      ...{ LEASEHOLD_NODE_ID: "node-2", LEASEHOLD_PORT: "4202", LEASEHOLD_SHARDS: "32" },
    });
  });

  test("the lanes of the flag, and without one those of the launcher's own environment", () => {
    vi.stubEnv("LEASEHOLD_LANES", "3");
    expect(told("--lanes", "2")["LEASEHOLD_LANES"]).toBe("2");
    expect(told("--lanes", "auto")["LEASEHOLD_LANES"]).toBe("auto");
    expect(told()["LEASEHOLD_LANES"]).toBe("3");
  });
});
