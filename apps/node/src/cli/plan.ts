import type { Command } from "commander";
import { ConfigError } from "../config/read-config.ts";
import type { PlanAnswer } from "../http/plan-schemas.ts";
import { addClientFlags, type ClientFlags, NodeClient } from "./client.ts";
import { type CliIo, CommandFailed } from "./io.ts";
import { formatTable } from "./table.ts";
import { wholeNumber } from "./whole-number.ts";

interface PlanFlags extends ClientFlags {
  readonly apply?: true;
}

interface RebalanceFlags extends PlanFlags {
  readonly cordon?: readonly string[];
  readonly weight?: readonly string[];
  readonly maxMoves?: number;
  readonly keepHot?: true;
}

interface Move {
  readonly group: string;
  readonly shard: number;
  readonly to: string;
}

const lookEveryMs = 200;
const verbs = {
  apply: "Apply a plan that was made before, and wait until it is done.",
  pause: "Start no more moves of a plan.",
  resume: "Go on with a paused plan.",
  cancel: "Give a plan up; moves under way finish.",
  undo: "Move back what a plan moved, and wait until that is done.",
} as const;

export function registerPlan(program: Command, io: CliIo): void {
  const plan = program.command("plan").description("Preview and apply moves of shards.");
  registerMakers(plan, io);
  addClientFlags(plan.command("show <planId>"))
    .description("Show a plan and its progress.")
    .action(async (planId: string, flags: ClientFlags) => {
      show(await new NodeClient(io, flags).get<PlanAnswer>(pathOf(planId)), flags, io);
    });
  for (const [verb, about] of Object.entries(verbs)) {
    addClientFlags(plan.command(`${verb} <planId>`))
      .description(about)
      .action(async (planId: string, flags: ClientFlags) => {
        const client = new NodeClient(io, flags);
        const answer = await client.post<PlanAnswer>(`${pathOf(planId)}/${verb}`);
        const waits = verb === "apply" || verb === "undo";
        show(waits ? await untilOver(client, answer, io) : answer, flags, io);
      });
  }
}

function registerMakers(plan: Command, io: CliIo): void {
  const maker = (usage: string, about: string): Command =>
    addClientFlags(plan.command(usage))
      .description(`${about} Shows the plan; moves nothing without --apply.`)
      .option("--apply", "apply it, and wait until it is done");

  maker("rebalance", "Even out shards over nodes.")
    .option("--cordon <node>", "give this node nothing, in this plan only; may be repeated", append)
    .option("--weight <node=weight>", "count with this weight; may be repeated", append)
    .option("--max-moves <count>", "move so many shards at most", wholeNumber(0, 1_048_576))
    .option("--keep-hot", "let shards stay that cost 3 times the average or more")
    .action(async (flags: RebalanceFlags) => {
      await make({ kind: "rebalance", whatIf: whatIfOf(flags) }, flags, io);
    });
  maker("drain <node>", "Empty a node.").action(async (node: string, flags: PlanFlags) => {
    await make({ kind: "drain", node }, flags, io);
  });
  maker(
    "move <moves...>",
    "Move shards: group/shard=node, or shard=node in the group default.",
  ).action(async (moves: string[], flags: PlanFlags) => {
    await make({ kind: "move", moves: moves.map(parseMove) }, flags, io);
  });
}

const append = (value: string, before: readonly string[] = []): readonly string[] => [
  ...before,
  value,
];

function whatIfOf({ cordon, weight, maxMoves, keepHot }: RebalanceFlags): object {
  return {
    ...(cordon === undefined ? {} : { cordon }),
    ...(weight === undefined ? {} : { weights: Object.fromEntries(weight.map(parseWeight)) }),
    ...(maxMoves === undefined ? {} : { maxMoves }),
    ...(keepHot === undefined ? {} : { keepHot }),
  };
}

function parseWeight(text: string): readonly [string, number] {
  const [, nodeId = "", weight = ""] = /^(.+)=(\d+(?:\.\d+)?)$/.exec(text) ?? [];
  if (Number(weight) > 0) return [nodeId, Number(weight)];
  throw new ConfigError([`"${text}" is no weight. It must be node=weight, like node-2=0.5.`]);
}

function parseMove(text: string): Move {
  const [, group = "default", shard = "", to = ""] = /^(?:(.+)\/)?(\d{1,7})=(.+)$/.exec(text) ?? [];
  if (to !== "") return { group, shard: Number(shard), to };
  throw new ConfigError([
    `"${text}" is no move. It must be group/shard=node, like default/7=node-2.`,
  ]);
}

async function make(request: object, flags: PlanFlags, io: CliIo): Promise<void> {
  const client = new NodeClient(io, flags);
  const plan = await client.post<PlanAnswer>("/v1/plans", request);
  if (flags.apply !== true || plan.total === 0) return show(plan, flags, io);
  const applied = await client.post<PlanAnswer>(`${pathOf(plan.planId)}/apply`);
  show(await untilOver(client, applied, io), flags, io);
}

/** @throws {CommandFailed} when it ended in another way than done. */
async function untilOver(client: NodeClient, from: PlanAnswer, io: CliIo): Promise<PlanAnswer> {
  let plan = from;
  while (plan.state === "proposed" || plan.state === "applying") {
    await io.pause(lookEveryMs);
    plan = await client.get<PlanAnswer>(pathOf(plan.planId));
  }
  if (plan.state === "done") return plan;
  const why = plan.why === null ? "" : ` (${plan.why})`;
  throw new CommandFailed(
    `Plan ${plan.planId} is ${plan.state}${why}, with ${plan.done} of ${plan.total} moves done.`,
  );
}

const pathOf = (planId: string): string => `/v1/plans/${encodeURIComponent(planId)}`;

function show(plan: PlanAnswer, flags: ClientFlags, io: CliIo): void {
  if (flags.json === true) return io.out(JSON.stringify(plan));
  const spread = `spread ${plan.spreadBefore.toFixed(2)} to ${plan.spreadAfter.toFixed(2)}`;
  io.out(
    `plan ${plan.planId}: ${plan.kind}, ${plan.state}, ${plan.done} of ${plan.total} moves done, ${spread}`,
  );
  if (plan.total === 0) return io.out("There is nothing to move.");
  const rows = plan.moves.map((move) => [
    `${move.group}/${move.shard}`,
    move.from,
    move.to,
    move.stateWhy === null ? move.state : `${move.state}: ${move.stateWhy}`,
    move.why,
  ]);
  io.out(formatTable(["SHARD", "FROM", "TO", "STATE", "WHY"], rows));
}
