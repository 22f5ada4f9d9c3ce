import type { NodeRow } from "../cluster.ts";
import type { PlanProposal } from "../log.ts";
import type { NodeForecast, PlanPreview, WhatIf } from "../preview.ts";
import { countBy, type Drawn } from "./planner.ts";
import { drawUp, type Proposal } from "./plans.ts";
import type { Turn } from "./turn.ts";

/** So many previews can be applied; who looked at an older one looks again. */
const previewsKept = 16;
const blockedShown = 500;

/** Answers without writing anything down. Turning a knob twenty times leaves no trace in the log. */
export function preview(turn: Turn, proposal: Proposal, drawn: Drawn, whatIf: WhatIf): PlanPreview {
  const plan = drawUp(turn, proposal, drawn.moves, whatIf);
  turn.previews = [...turn.previews, plan].slice(-previewsKept);
  return {
    ...plan,
    blocked: drawn.blocked.slice(0, blockedShown),
    blockedTotal: drawn.blocked.length,
    leftOut: drawn.leftOut,
    nodes: forecast(turn, plan, whatIf),
    movesInFlight: turn.options.movesInFlight,
    notes: drawn.notes,
  };
}

function forecast(turn: Turn, plan: PlanProposal, whatIf: WhatIf): readonly NodeForecast[] {
  const counts = turn.counts();
  const gives = countBy(plan.moves, ({ from }) => from.incarnation);
  const takes = countBy(plan.moves, ({ to }) => to.incarnation);
  return [...turn.cluster.nodes.values()]
    .filter((node) => node.state !== "dead" && node.weight > 0)
    .map((node) => {
      const before = counts.get(node.incarnation) ?? 0;
      const change = (takes.get(node.incarnation) ?? 0) - (gives.get(node.incarnation) ?? 0);
      const weight = whatIf.weights?.[node.nodeId] ?? node.weight;
      return {
        nodeId: node.nodeId,
        incarnation: node.incarnation,
        weight,
        before,
        after: before + change,
        why: remark(node, whatIf),
      };
    });
}

function remark(node: NodeRow, { cordon = [], weights = {} }: WhatIf): string | null {
  if (node.state !== "up") return `${node.state}: gets none`;
  if (node.cordoned) return "cordoned: gets none";
  if (cordon.includes(node.nodeId)) return "cordoned in this plan: gets none";
  const weight = weights[node.nodeId];
  return weight === undefined ? null : `weight ${weight} in this plan`;
}

/** Null: it was made too long ago, or by a coordinator before this one. */
export function findPreview(turn: Turn, planId: string): PlanProposal | null {
  return turn.previews.find((one) => one.planId === planId) ?? null;
}
