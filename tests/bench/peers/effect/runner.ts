/**
 * One process of Effect's cluster, steered over IPC by ../effect-peer.ts. Not type-checked with the workspace,
 * which does not have its packages: `tsc -p` here, once they are installed.
 */
import { NodeClusterSocket, NodeRuntime } from "@effect/platform-node";
import { PgClient } from "@effect/sql-pg";
import { Cause, Effect, Exit, Fiber, Layer, Option, Redacted, References } from "effect";
import { EntityId, RunnerAddress, ShardId, Sharding, type ShardingConfig } from "effect/cluster";
import { collectGarbage } from "../../support/collect-garbage.ts";
import type { Answer, Command, RunnerSettings } from "../effect-messages.ts";
import { Counter, counterLayer } from "./counter.ts";

const settings = JSON.parse(process.argv[2] ?? "{}") as RunnerSettings;

const shards = 300;
const isClient = settings.isClient === true;
const tuned: Readonly<
  Record<RunnerSettings["tunedFor"], Partial<ShardingConfig.ShardingConfig["Service"]>>
> = {
  asks: { simulateRemoteSerialization: false },
  failover: {
    shardLockExpiration: "5 seconds",
    shardLockRefreshInterval: "1 second",
    refreshAssignmentsInterval: "250 millis",
    sendRetryInterval: "50 millis",
    entityMessagePollInterval: "1 second",
    runnerHealthCheckInterval: "1 second",
  },
  nothing: {},
};
const cluster = NodeClusterSocket.layer({
  storage: "sql",
  serialization: "binary",
  clientOnly: isClient,
  shardingConfig: {
    runnerAddress: isClient
      ? Option.none()
      : Option.some(RunnerAddress.make("127.0.0.1", settings.port)),
    shardsPerGroup: shards,
    maxResidentEntities: "unbounded",
    ...tuned[settings.tunedFor],
  },
});
const layer = (isClient ? Layer.empty : counterLayer).pipe(
  Layer.provideMerge(cluster),
  Layer.provide(PgClient.layer({ url: Redacted.make(settings.databaseUrl) })),
  Layer.provide(Layer.succeed(References.MinimumLogLevel, "Warn")),
);

const ids = Array.from({ length: 4_000 }, (_, index) => `user-${index}`);
const note = "x".repeat(24);

const program = Effect.gen(function* () {
  const sharding = yield* Sharding.Sharding;
  const clientOf = yield* Counter.client;
  const run = Effect.runForkWith(yield* Effect.context<Sharding.Sharding>());
  const isHere = (id: string) =>
    sharding.hasShardId(sharding.getShardId(EntityId.make(id), "default"));

  const ask = Effect.fnUntraced(function* (command: Command & { readonly op: "ask" }) {
    const { kind, inFlight, ms } = command;
    const chosen = ids.filter((id) => isHere(id) === (kind !== "remote")).slice(0, 1_000);
    if (chosen.length < 1_000)
      throw new Error(`Only ${chosen.length} entities are fit for ${kind}.`);
    const clients = chosen.map((id) => clientOf(id));
    const latenciesUs: number[] = [];
    const startMs = performance.now();
    const caller = Effect.fnUntraced(function* (first: number) {
      let sentMs = performance.now();
      for (let turn = first; sentMs < startMs + ms; turn += 1) {
        const client = clients[turn % clients.length] as (typeof clients)[number];
        yield* kind === "durable"
          ? client.addDurably({ amount: 1, note })
          : client.add({ amount: 1, note });
        const answeredMs = performance.now();
        latenciesUs.push((answeredMs - sentMs) * 1_000);
        sentMs = answeredMs;
      }
    });
    const callers = Array.from({ length: inFlight }, (_, index) => index);
    yield* Effect.forEach(callers, caller, { concurrency: "unbounded", discard: true });
    const perSecond = (latenciesUs.length / (performance.now() - startMs)) * 1_000;
    return { perSecond, latenciesUs };
  });

  /** Loads so many entities that live here. */
  const fill = Effect.fnUntraced(function* ({ from, count }: Command & { readonly op: "fill" }) {
    const found: string[] = [];
    for (let index = from; found.length < count; index += 1) {
      if (isHere(`resident-${index}`)) found.push(`resident-${index}`);
    }
    yield* Effect.forEach(found, (id) => clientOf(id).add({ amount: 1, note }), {
      concurrency: 64,
      discard: true,
    });
    return null;
  });

  const heap = Effect.promise(async () => {
    await collectGarbage();
    return process.memoryUsage().heapUsed;
  });

  const question = { amount: 1, note };
  const askEach = (asked: readonly string[]) =>
    Effect.forEach(asked, (id) => clientOf(id).add(question), {
      concurrency: "unbounded",
      discard: true,
    });

  let longestMs: number[] = [];
  let isMetering = false;
  let metered: Fiber.Fiber<unknown, unknown> | null = null;
  const meter = (asked: readonly string[]): null => {
    isMetering = true;
    longestMs = asked.map(() => 0);
    const one = Effect.fnUntraced(function* (id: string, index: number) {
      while (isMetering) {
        const sentMs = performance.now();
        yield* clientOf(id).add(question);
        longestMs[index] = Math.max(longestMs[index] ?? 0, performance.now() - sentMs);
      }
    });
    metered = run(Effect.forEach(asked, one, { concurrency: "unbounded", discard: true }));
    return null;
  };
  const stopMeter = Effect.gen(function* () {
    isMetering = false;
    if (metered !== null) yield* Fiber.join(metered);
    return longestMs;
  });

  const answerTo = (command: Command): Effect.Effect<unknown, unknown, Sharding.Sharding> => {
    switch (command.op) {
      case "ask":
        return ask(command);
      case "fill":
        return fill(command);
      case "heap":
        return heap;
      case "here":
        return Effect.sync(() => command.ids.filter(isHere));
      case "askEach":
        return askEach(command.ids);
      case "meter":
        return Effect.sync(() => meter(command.ids));
      case "stopMeter":
        return stopMeter;
    }
  };
  process.on("message", ({ id, command }: { readonly id: number; readonly command: Command }) => {
    run(answerTo(command)).addObserver((exit) => {
      const answer: Answer = Exit.isSuccess(exit)
        ? { id, value: exit.value }
        : { id, error: Cause.pretty(exit.cause) };
      process.send?.(answer);
    });
  });
  process.on("disconnect", () => process.exit(0));

  const all = Array.from({ length: shards }, (_, index) => ShardId.make("default", index + 1));
  let last = -1;
  for (;;) {
    const owned = all.filter((shard) => sharding.hasShardId(shard)).length;
    if (owned !== last) process.send?.({ shards: owned } satisfies Answer);
    last = owned;
    yield* Effect.sleep(50);
  }
});

NodeRuntime.runMain(Effect.scoped(program).pipe(Effect.provide(layer)));
