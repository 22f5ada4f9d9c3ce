import { z } from "zod";
import { runCommand } from "../relay/commands.ts";
import type { Hub } from "../relay/hub.ts";
import { askNode, type NodeAnswer } from "../relay/node-http.ts";
import type { Asker } from "../relay/node-tokens.ts";
import type { FaultRequest } from "../wire/commands.ts";
import type { RunFault } from "../wire/lab.ts";
import type { RunWatch } from "./run-watch.ts";
import type { Act } from "./scenarios/scenario.ts";

/** An act was refused, or nobody answered: the run cannot do what it is about. */
export class ActFailedError extends Error {
  override readonly name = "ActFailedError";
}

const accepted = z.object({ id: z.string() });
const previewed = z.object({ planId: z.string(), moves: z.array(z.unknown()) });
const healTimeoutMs = 3000;
/** These keep a node from speaking. */
const silencing: ReadonlySet<FaultRequest["kind"]> = new Set([
  "pause",
  "freeze",
  "crash",
  "crash-at",
]);

/**
 * The hands of a run: faults and heals through the nodes' HTTP, plans through whichever node can. It remembers each
 * fault that it has set, so that it can take back these and no other.
 */
export class Actor {
  readonly faults: RunFault[] = [];
  readonly #hub: Hub;
  readonly #asker: Asker;
  readonly #watch: RunWatch;

  constructor(hub: Hub, watch: RunWatch, asker: Asker) {
    this.#asker = asker;
    this.#hub = hub;
    this.#watch = watch;
  }

  /** @throws {ActFailedError} */
  async act(
    act: Exclude<Act, { tag: "write-late" }>,
    untilDone: (planId: string) => Promise<void>,
  ): Promise<void> {
    switch (act.tag) {
      case "fault":
        return await this.#set(act.nodeId, act.fault);
      case "heal":
        return void (await this.heal());
      case "restart-postgres":
        return await this.#restartPostgres();
      case "node":
        return void this.#carriedOut(
          await runCommand(
            this.#hub,
            { kind: "node", nodeId: act.nodeId, verb: act.verb },
            this.#asker,
          ),
        );
      case "move": {
        const moves = [{ ...act.shard, to: act.to }];
        return void (await this.#plan({ kind: "move", moves }));
      }
      case "rebalance": {
        const planId = await this.#plan({ kind: "rebalance" });
        return planId === null ? undefined : await untilDone(planId);
      }
      default:
        return act satisfies never;
    }
  }

  /** Takes back what the run has set. Never throws: what could not be taken back ends by its ttl. */
  async heal(): Promise<void> {
    await Promise.all(this.faults.filter((it) => it.endedMs === null).map((it) => this.#heal(it)));
  }

  /** The run's own faults that nodes still name. */
  residual(): number {
    const named = [...this.#watch.mirror.sights.values()].flatMap((it) => it.belief.faults);
    // What a process said before it ended says nothing about the next one.
    const lasting = this.faults.filter((it) => it.how !== "process ended");
    const own = new Set(lasting.map((it) => it.faultId));
    return named.filter((it) => own.has(it.id)).length;
  }

  async #set(nodeId: string, fault: FaultRequest): Promise<void> {
    const ttlMs = "ttlMs" in fault ? fault.ttlMs : 0;
    const { kind, ...detail } = fault;
    const { ttlMs: _ttlMs, ...rest } = detail as Record<string, string | number>;
    const isSilencing = silencing.has(kind);
    if (isSilencing) this.#watch.willStop(nodeId);
    const setMs = this.#watch.nowMs();
    const answer = await runCommand(this.#hub, { kind: "fault", nodeId, fault }, this.#asker);
    if (!answer.ok) {
      throw new ActFailedError(`${kind} could not be set on ${nodeId}: ${answer.problem.title}`);
    }
    const faultId = accepted.parse(answer.body).id;
    const isOver = kind === "crash";
    this.faults.push({
      ...{ nodeId, faultId, kind, detail: rest, ttlMs, setMs },
      ...{ endedMs: isOver ? setMs : null, how: isOver ? "process ended" : null },
    });
  }

  async #heal(fault: RunFault): Promise<void> {
    const { nodeId, faultId, kind } = fault;
    const sighting = this.#hub.sightings.get(nodeId);
    const address =
      sighting?.hello.address ?? this.#hub.authority.state?.nodes.get(nodeId)?.address;
    const healUrl = sighting?.belief.healUrl ?? sighting?.hello.healUrl ?? null;
    const path = `/faults/${encodeURIComponent(faultId ?? "")}`;
    const isHeld = kind === "pause" || kind === "freeze";
    // A stopped node cannot take its heal; the process beside it can.
    if (isHeld && healUrl !== null) {
      await askNode(healUrl, this.#asker, "DELETE", path, undefined, healTimeoutMs);
    }
    if (address === undefined) return;
    const answer = await askNode(
      address,
      this.#asker,
      "DELETE",
      `/v1${path}`,
      undefined,
      healTimeoutMs,
    );
    this.#watch.mayReturn(nodeId);
    const isGone = !answer.ok && answer.problem.status === 404;
    const hasProcessEnded = !answer.ok && answer.problem.executed === "no" && !isGone;
    if (!answer.ok && !isGone && !hasProcessEnded) return;
    fault.endedMs = this.#watch.nowMs();
    fault.how = howItEnded(fault, isHeld, { isGone, hasProcessEnded });
  }

  async #restartPostgres(): Promise<void> {
    const { loadUrl, tokens } = this.#hub.config;
    if (loadUrl === undefined)
      throw new ActFailedError("No launcher of a Postgres server is known.");
    this.#carriedOut(
      await askNode(
        loadUrl,
        { ...this.#asker, token: tokens.admin },
        "POST",
        "postgres",
        {},
        60_000,
      ),
    );
  }

  /** @returns the plan's id; null where there is nothing to move. */
  async #plan(
    request: Extract<Parameters<typeof runCommand>[1], { kind: "preview" }>["request"],
  ): Promise<string | null> {
    const answer = await runCommand(this.#hub, { kind: "preview", request }, this.#asker);
    const plan = previewed.parse(this.#carriedOut(answer));
    if (plan.moves.length === 0) return null;
    const { planId } = plan;
    const applied = await runCommand(
      this.#hub,
      { kind: "plan", planId, verb: "apply" },
      this.#asker,
    );
    // Whoever carries it may be the one that dies of it, before its answer.
    if (!applied.ok && applied.problem.executed === "no") this.#carriedOut(applied);
    return planId;
  }

  #carriedOut(answer: NodeAnswer): unknown {
    if (answer.ok) return answer.body;
    const { title, detail } = answer.problem;
    throw new ActFailedError(detail === undefined ? title : `${title} ${detail}`);
  }
}

function howItEnded(
  fault: RunFault,
  isHeld: boolean,
  { isGone, hasProcessEnded }: { readonly isGone: boolean; readonly hasProcessEnded: boolean },
): RunFault["how"] {
  // A life that was armed and still knows of it has not come to that step.
  if (hasProcessEnded || (fault.kind === "crash-at" && isGone)) return "process ended";
  const isOver = fault.setMs + fault.ttlMs <= (fault.endedMs ?? 0);
  // The helper has healed it already, so that the node knows nothing of it any more.
  return isGone && (isOver || !isHeld) ? "ttl" : "healed";
}
