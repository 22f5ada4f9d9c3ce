import { describe, expect, test } from "vitest";
import { type SettingName, settings } from "../config.ts";
import { ConfigError, readConfig, readSettings } from "./read-config.ts";
import type { Setting } from "./setting.ts";

const base = { DATABASE_URL: "postgres://leasehold:hunter2@db.example:5432/app" };

const garbage: Record<SettingName, readonly string[]> = {
  databaseUrl: ["nonsense", "http://host/db", "postgres://", "5432"],
  leaseDatabaseUrl: ["nonsense", "mysql://host/db"],
  cluster: ["Upper", "1st", "under_score", "a".repeat(41), "drop schema", "-"],
  nodeId: ["-x", "a b", "a/b", "n".repeat(64), "nöde"],
  host: ["a b", "http://x", "host/path", "x;y"],
  port: ["-1", "65536", "4101.5", "0x10", "1e3", " 7 ", "port", "NaN", "9".repeat(400)],
  lanes: ["0", "65", "-1", "many", "1.5", "AUTO"],
  leaseTtlMs: ["499", "600001", "5s", "", "Infinity"].filter((text) => text !== ""),
  strategy: ["Load", "hottest"],
  shards: ["0", "-3", "1048577", "2.5", "256 "],
  advertiseUrl: [
    "node-1:4101",
    "ftp://x",
    "http://x/path",
    "http://u:p@x",
    "http://x?y=1",
    "http://",
  ],
  zone: ["z".repeat(65), "line\nbreak", "café"],
  weight: ["0", "-1", "1001", "heavy", "1e2", "0.001"],
  proxy: ["yes", "true", "1"],
  labels: ["rack", "=1", "a=1,a=2", "a=1,,b=2", "a b=1"],
  rebalance: ["yes", "AUTO", "on"],
  trustRefused: ["yes", "true", "1", "ON"],
  openLoopback: ["yes", "loopback", "ON"],
  drainTimeoutMs: ["-1", "3600001", "30s"],
  faults: ["yes", "true", "1"],
  secret: ["short", "tab\tsecret-secret", "s".repeat(1025)],
  token: ["short", "with space", "t".repeat(1025)],
  tokenViewer: ["short", "with space"],
  tokenOperator: ["short", "with space"],
  tokenChaos: ["short", "t".repeat(1025)],
  entities: ["x".repeat(1025), "nul\0"],
};

const problemsOf = (read: () => unknown): readonly string[] => {
  try {
    read();
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
};

describe.each(Object.entries(garbage))("%s", (name, values) => {
  const row: Setting<unknown> = settings[name as SettingName];

  test.each(values)(
    "refuses %j and names the variable, the value and what is accepted",
    (value) => {
      const problems = problemsOf(() => readConfig({ ...base, [row.env]: value }));
      expect(problems).toHaveLength(1);
      expect(problems[0]).toContain(`${row.env}=`);
      expect(problems[0]).toContain(`must be ${row.accepts}`);
      if (row.secret === "all") expect(problems[0]).not.toContain(value);
      else expect(problems[0]).toContain(value.slice(0, 120));
    },
  );

  test("is refused under its flag's name when the flag was wrong", () => {
    const flags = { [name]: values[0] };
    const problems = problemsOf(() => readConfig(base, flags));
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(`--${row.flag} `);
    expect(problems[0]).not.toContain(row.env);
  });
});

describe("a configuration", () => {
  test("reports all problems at once", () => {
    const env = Object.fromEntries(
      Object.entries(garbage).map(([name, values]) => [
        settings[name as SettingName].env,
        values[0],
      ]),
    );
    expect(problemsOf(() => readConfig(env))).toHaveLength(Object.keys(settings).length);
  });

  test("without DATABASE_URL says so", () => {
    expect(problemsOf(() => readConfig({}))).toEqual([
      "DATABASE_URL (or --database-url) is not set: it must be a URL like postgres://user:password@host:5432/database.",
    ]);
  });

  test("has the documented defaults, and an empty variable is an unset one", () => {
    expect(readConfig({ ...base, LEASEHOLD_PORT: "", LEASEHOLD_ZONE: "" })).toMatchObject({
      cluster: "default",
      host: "127.0.0.1",
      port: 4101,
      lanes: 1,
      leaseTtlMs: 5000,
      shards: 256,
      weight: 1,
      rebalance: "auto",
      trustRefused: false,
      openLoopback: false,
      drainTimeoutMs: 30_000,
      faults: false,
      zone: undefined,
    });
  });

  test("takes every setting from its variable", () => {
    const env = {
      ...base,
      LEASE_DATABASE_URL: "postgresql://direct/app",
      LEASEHOLD_CLUSTER: "blue-1",
      LEASEHOLD_NODE_ID: "node-1",
      LEASEHOLD_HOST: "::1",
      LEASEHOLD_PORT: "0",
      LEASEHOLD_LANES: "auto",
      LEASEHOLD_LEASE_TTL_MS: "1000",
      LEASEHOLD_SHARDS: "10000",
      LEASEHOLD_STRATEGY: "load",
      LEASEHOLD_ADVERTISE_URL: "http://localhost:4101/",
      LEASEHOLD_ZONE: "eu-1a",
      LEASEHOLD_WEIGHT: "2.5",
      LEASEHOLD_PROXY: "on",
      LEASEHOLD_LABELS: "rack=7,tier=",
      LEASEHOLD_REBALANCE: "manual",
      LEASEHOLD_TRUST_REFUSED: "on",
      LEASEHOLD_OPEN_LOOPBACK: "off",
      LEASEHOLD_DRAIN_TIMEOUT_MS: "1",
      LEASEHOLD_FAULTS: "on",
      LEASEHOLD_SECRET: "a shared secret",
      LEASEHOLD_TOKEN: "a-long-token",
      LEASEHOLD_TOKEN_VIEWER: "a-viewer-token",
      LEASEHOLD_TOKEN_OPERATOR: "an-operator-token",
      LEASEHOLD_TOKEN_CHAOS: "a-chaos-token",
      LEASEHOLD_ENTITIES: "./entities.ts",
    };
    expect(readConfig(env)).toEqual({
      databaseUrl: base.DATABASE_URL,
      leaseDatabaseUrl: "postgresql://direct/app",
      cluster: "blue-1",
      nodeId: "node-1",
      host: "::1",
      port: 0,
      lanes: "auto",
      leaseTtlMs: 1000,
      shards: 10_000,
      strategy: "load",
      advertiseUrl: "http://localhost:4101",
      zone: "eu-1a",
      weight: 2.5,
      proxy: true,
      labels: { rack: "7", tier: "" },
      rebalance: "manual",
      trustRefused: true,
      openLoopback: false,
      drainTimeoutMs: 1,
      faults: true,
      secret: "a shared secret",
      token: "a-long-token",
      tokenViewer: "a-viewer-token",
      tokenOperator: "an-operator-token",
      tokenChaos: "a-chaos-token",
      entities: "./entities.ts",
    });
  });

  test("prefers a flag to its variable", () => {
    expect(readConfig({ ...base, LEASEHOLD_PORT: "1" }, { port: "2" }).port).toBe(2);
  });

  test("never shows a password, not even of a URL that is none", () => {
    const wrong = [
      "postgres:/app:hunter2@host/db",
      "app:hunter2@host",
      "http://app:hunter2@host/db?password=hunter2",
    ];
    for (const url of wrong) {
      const [problem] = problemsOf(() => readSettings({ DATABASE_URL: url }, {}, ["databaseUrl"]));
      expect(problem).toBeDefined();
      expect(problem).not.toContain("hunter2");
    }
  });
});

describe("settings that contradict each other", () => {
  const token = { LEASEHOLD_TOKEN: "a-long-token" };
  const secret = { LEASEHOLD_SECRET: "a shared secret" };

  test("a foreign address without token or secret is refused, with one sentence for each", () => {
    const problems = problemsOf(() => readConfig({ ...base, LEASEHOLD_HOST: "10.0.0.7" }));
    expect(problems).toHaveLength(2);
    expect(problems[0]).toContain("LEASEHOLD_TOKEN");
    expect(problems[1]).toContain("LEASEHOLD_SECRET");
    expect(
      problemsOf(() => readConfig({ ...base, ...token, ...secret, LEASEHOLD_HOST: "10.0.0.7" })),
    ).toEqual([]);
  });

  test("listening on every address needs an advertised one", () => {
    const env = { ...base, ...token, ...secret, LEASEHOLD_HOST: "0.0.0.0" };
    expect(problemsOf(() => readConfig(env))[0]).toContain("LEASEHOLD_ADVERTISE_URL");
    expect(
      problemsOf(() => readConfig({ ...env, LEASEHOLD_ADVERTISE_URL: "http://10.0.0.7:4101" })),
    ).toEqual([]);
  });

  test("a token has one role, and none is set without the one that opens everything", () => {
    const viewer = { LEASEHOLD_TOKEN_VIEWER: "a-viewer-token" };
    expect(problemsOf(() => readConfig({ ...base, ...viewer }))[0]).toContain("LEASEHOLD_TOKEN is");
    expect(problemsOf(() => readConfig({ ...base, ...token, ...viewer }))).toEqual([]);
    const same = { LEASEHOLD_TOKEN_CHAOS: "a-viewer-token" };
    const [problem] = problemsOf(() => readConfig({ ...base, ...token, ...viewer, ...same }));
    expect(problem).toContain("LEASEHOLD_TOKEN_CHAOS is the same as LEASEHOLD_TOKEN_VIEWER");
    expect(problem).not.toContain("a-viewer-token");
  });

  test("a foreign advertised name without a token is refused: its requests would be", () => {
    const env = { ...base, LEASEHOLD_ADVERTISE_URL: "http://node-1.example:4101" };
    expect(problemsOf(() => readConfig(env))[0]).toContain("LEASEHOLD_TOKEN");
  });
});
