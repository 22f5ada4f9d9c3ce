import { expect, type Locator } from "@playwright/test";
import { z } from "zod";
import { waitUntil } from "../../cluster/harness/wait-until.ts";
import type { ConsolePage } from "./console-page.ts";
import { type E2eCluster, nodeIds } from "./e2e-cluster.ts";

const planAnswer = z.object({
  planId: z.string(),
  state: z.string(),
  moves: z.array(z.unknown()),
});

/** Makes a plan and carries it out, behind the console's back. */
export async function carryOut(cluster: E2eCluster, request: object): Promise<void> {
  const { planId, moves } = planAnswer.parse(await cluster.order("/v1/plans", request));
  if (moves.length === 0) return;
  await cluster.order(`/v1/plans/${planId}/apply`);
  await waitUntil("the plan is done", async () => {
    const { state } = planAnswer.parse(await cluster.read(`/v1/plans/${planId}`));
    if (state !== "done") throw new Error(state);
    return true;
  });
}

/** Moves a shard to another node than its own. */
export async function moveShard(cluster: E2eCluster, shard: number): Promise<void> {
  const owner = (await cluster.shards())[shard]?.owner;
  const to = nodeIds.find((nodeId) => nodeId !== owner);
  await carryOut(cluster, { kind: "move", moves: [{ group: "default", shard, to }] });
}

/** Applies the plan that is looked at, by typing the cluster's name, and waits until it is done. @returns its region. */
export async function applyPlan(
  { page }: ConsolePage,
  name: string | RegExp,
  moves: number,
): Promise<Locator> {
  const plan = page.getByRole("region", { name });
  await expect(plan).toHaveAttribute("data-state", "preview");
  const apply = plan.getByRole("button", {
    name: `Apply ${moves} ${moves === 1 ? "move" : "moves"}`,
  });
  await expect(apply).toBeDisabled();
  await typeCluster(plan);
  await apply.click();
  await expect(plan).toHaveAttribute("data-state", "done", { timeout: 20_000 });
  const progress = plan.getByRole("progressbar", { name: "Plan progress" });
  await expect(progress).toHaveAttribute("aria-valuenow", String(moves));
  return plan;
}

export const typeCluster = (plan: Locator): Promise<void> =>
  plan.getByRole("textbox", { name: "Type default to apply" }).fill("default");
