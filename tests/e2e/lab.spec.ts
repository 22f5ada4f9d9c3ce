import { waitUntil } from "../cluster/harness/wait-until.ts";
import type { planted } from "../cluster/state/mistakes.ts";
import { E2eCluster, nodeIds } from "./support/e2e-cluster.ts";
import { LabClient, type Run } from "./support/lab.ts";
import { expect, test } from "./support/test.ts";

/**
 * The lab against real nodes and a real Postgres: the scenarios end in PASS, and with a mistake planted in the nodes the
 * right one ends in FAIL and names the invariant. The others run in the long form.
 */
const isLong = process.env["LEASEHOLD_TEST_LONG"] === "on";
const forMs = 3500;

const scenarios: readonly (readonly [string, Readonly<Record<string, unknown>>])[] = [
  ["X1", {}],
  ["X2", { forMs }],
  ["X3", { forMs }],
  ...(isLong
    ? ([
        ["X4", {}],
        ["X5", { forMs }],
        ["X6", { times: 3 }],
        ["X7", {}],
        ["X8", {}],
        ["X9", {}],
        ["X10", { forMs }],
      ] as const)
    : []),
];

/**
 * A machine that is busy with other things leaves gaps in what was observed, or misses a bound in milliseconds: neither
 * says anything of the cluster. It is said, and tried again; what is never safe (S) fails at once.
 */
async function untilJudged(
  lab: LabClient,
  scenario: string,
  params: Readonly<Record<string, unknown>>,
): Promise<Run> {
  for (let tries = 1; ; tries++) {
    const run = await lab.play(scenario, params);
    const { tag, reasons = [] } = run.verdict ?? {};
    const isLate = tag === "fail" && reasons.every((it) => it.startsWith("L1"));
    if (tries === 3 || (tag !== "not-observed" && !isLate)) return run;
    process.stdout.write(`${scenario}, try ${tries}: ${tag}. ${reasons.join(" ")}\n`);
  }
}

for (const [scenario, params] of scenarios) {
  test(`${scenario} passes on a sound cluster, and leaves no fault behind`, async ({
    cluster,
    settled: _,
  }) => {
    test.setTimeout(150_000);
    const run = await untilJudged(new LabClient(cluster.consoleUrl), scenario, params);
    expect(run.verdict?.tag, run.verdict?.reasons.join(" ")).toBe("pass");
    expect(run.healed).toEqual(expect.objectContaining({ residual: 0 }));
  });
}

const longTest = isLong ? test : () => undefined;

longTest(
  "a console that is killed leaves no fault: they end on the nodes, and the run is not observed",
  async ({ cluster, settled: _ }) => {
    test.setTimeout(90_000);
    const lab = new LabClient(cluster.consoleUrl);
    const id = await lab.start("X2", { forMs: 2500 });
    const faultsOf = async () =>
      (await Promise.all(nodeIds.map((_id, at) => cluster.self(at + 1)))).flatMap(
        (it) => it.faults,
      );
    await waitUntil("a fault is set", async () => (await faultsOf()).length > 0);
    process.kill(cluster.consolePid(), "SIGKILL");
    await waitUntil("no fault is left", async () => (await faultsOf()).length === 0, {
      timeoutMs: 10_000,
    });
    const run = await waitUntil(
      "the run has a verdict",
      async () => {
        const found = await lab.find(id).catch(() => null);
        return found?.state === "ended" ? found : null;
      },
      { timeoutMs: 40_000 },
    );
    expect(run.verdict).toEqual({
      tag: "not-observed",
      reasons: [expect.stringContaining("The console that ran it ended.")],
    });
  },
);

const planter = new URL("../cluster/state/planted.ts", import.meta.url).href;

/** Which of a few runs shows it may be a matter of moments. */
async function untilFailed(
  mistake: keyof typeof planted,
  params: Readonly<Record<string, unknown>>,
  tries: number,
  ttlMs: number,
): Promise<Run | null> {
  const cluster = await E2eCluster.start(() => undefined, {
    NODE_OPTIONS: `--import ${planter}`,
    LEASEHOLD_TEST_PLANT: mistake,
    LEASEHOLD_LEASE_TTL_MS: String(ttlMs),
  });
  try {
    const lab = new LabClient(cluster.consoleUrl);
    for (let round = 0; round < tries; round++) {
      const run = await lab.play("X2", params);
      if (run.verdict?.tag === "fail") return run;
    }
    return null;
  } finally {
    await cluster.stop();
  }
}

test("nodes that ignore their lease's deadline fail X2 with S1", async ({ cluster: _ }) => {
  test.setTimeout(150_000);
  const params = { forMs, links: "are cut" };
  const run = await untilFailed("a holder that ignores its lease's deadline", params, 1, 2000);
  expect(run?.verdict?.reasons.join(" ")).toContain("S1 one server per shard");
});
