import type { Scenario } from "../failover/options.ts";
import type { Figure, Floor } from "../failover/rows.ts";
import { createDatabase } from "../support/postgres.ts";
import { installEffect } from "./effect-install.ts";
import type { RunnerSettings } from "./effect-messages.ts";
import { owned, shards } from "./effect-peer.ts";
import { EffectRunner } from "./effect-runner.ts";

export { shards };

const ids = Array.from({ length: 256 }, (_, index) => `user-${index}`);
const tunings = { nothing: "defaults", failover: "tuned" } as const;

export interface EffectFailover {
  readonly serverUrl: string;
  readonly rounds: number;
  readonly progress: (line: string) => void;
  /** What ours needed in this run, for each scenario that is asked for. */
  readonly ours: Partial<Record<Scenario, Floor>>;
}

interface Cluster {
  readonly databaseUrl: string;
  readonly first: EffectRunner;
  readonly second: EffectRunner;
  readonly client: EffectRunner;
}

/** The same of Effect's cluster: two runners, and a client that owns nothing and asks. */
export async function measureEffect(run: EffectFailover): Promise<readonly Figure[]> {
  await installEffect(run.progress);
  const figures: Figure[] = [];
  for (const [tunedFor, name] of Object.entries(tunings) as [keyof typeof tunings, string][]) {
    for (const [scenario, measure] of Object.entries(scenarios)) {
      const floor = run.ours[scenario as keyof typeof scenarios];
      if (floor === undefined) continue;
      const timesMs: number[] = [];
      for (let round = 1; round <= run.rounds; round += 1) {
        const cluster = await start(run, tunedFor, `effect_${tunedFor}_${scenario}_${round}`);
        const found = await measure(cluster, tunedFor);
        timesMs.push(...found);
        run.progress(
          `Effect (${name}), ${scenario} ${round}/${run.rounds}: ${Math.max(...found).toFixed(0)} ms`,
        );
        const { client, first, second } = cluster;
        for (const one of [client, first, second]) await one.close();
      }
      figures.push({
        what: `Effect (${name}), ${whats[scenario as keyof typeof whats]}`,
        timesMs,
        floor,
      });
    }
  }
  return figures;
}

/** Named as ours are. */
export const whats = {
  node: "node killed: all answers",
  leave: "node leaves: pause of what moves",
  join: "node joins: pause of what moves",
} as const;

type Tuning = RunnerSettings["tunedFor"];

const scenarios: Readonly<
  Record<keyof typeof whats, (cluster: Cluster, tunedFor: Tuning) => Promise<readonly number[]>>
> = {
  async node({ first, client }) {
    const moving = await first.call<string[]>({ op: "here", ids });
    const startMs = performance.now();
    await first.kill("SIGKILL");
    await client.call({ op: "askEach", ids: moving });
    return [performance.now() - startMs];
  },
  async leave({ first, second, client }) {
    const moving = await first.call<string[]>({ op: "here", ids });
    await client.call({ op: "meter", ids: moving });
    await Promise.all([first.kill("SIGTERM"), owned([second])]);
    return await client.call<number[]>({ op: "stopMeter" });
  },
  async join({ databaseUrl, first, second, client }, tunedFor) {
    await client.call({ op: "meter", ids });
    const third = await EffectRunner.start({ databaseUrl, tunedFor });
    await owned([first, second, third]);
    const longestMs = await client.call<number[]>({ op: "stopMeter" });
    const moved = new Set(await third.call<string[]>({ op: "here", ids }));
    await third.close();
    return longestMs.filter((_, index) => moved.has(ids[index] as string));
  },
};

async function start(
  { serverUrl }: EffectFailover,
  tunedFor: Tuning,
  name: string,
): Promise<Cluster> {
  const databaseUrl = await createDatabase(serverUrl, name);
  const settings = { databaseUrl, tunedFor };
  const first = await EffectRunner.start(settings);
  await owned([first]);
  const second = await EffectRunner.start(settings);
  await owned([first, second]);
  const client = await EffectRunner.start({ ...settings, isClient: true });
  // It knows then where each of them lives.
  await client.call({ op: "askEach", ids });
  return { databaseUrl, first, second, client };
}
