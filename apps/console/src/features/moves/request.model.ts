import type { PlanKind, PlanRow } from "@leasehold/sharding/observe";
import type { PlanRequest, WhatIf } from "../../wire/commands.ts";

/** A plan's request in an address, so that a preview with its conditions can be sent to somebody. */
const previewPath = "/moves/plans/new";

export const previewHref = (request: PlanRequest): string => `${previewPath}?${queryOf(request)}`;
export const planHref = (planId: string): string => `/moves/plans/${encodeURIComponent(planId)}`;

export function queryOf(request: PlanRequest): string {
  const query = new URLSearchParams({ kind: request.kind });
  switch (request.kind) {
    case "drain":
      query.set("node", request.node);
      break;
    case "undo":
      query.set("plan", request.planId);
      break;
    case "move":
      for (const { group, shard, to } of request.moves)
        query.append("move", `${group}/${shard}:${to}`);
      break;
    case "rebalance": {
      const { cordon = [], weights = {}, maxMoves, keepHot } = request.whatIf ?? {};
      for (const nodeId of cordon) query.append("cordon", nodeId);
      for (const [nodeId, weight] of Object.entries(weights))
        query.append("weight", `${nodeId}:${weight}`);
      if (maxMoves !== undefined) query.set("max", String(maxMoves));
      if (keepHot === true) query.set("hot", "still");
      break;
    }
    default:
      request satisfies never;
  }
  return query.toString();
}

/** The same plan again, from the cluster as it is. Conditions are of a preview only: the log has none. */
export function requestAgain(plan: PlanRow): PlanRequest {
  if (plan.kind === "drain" && plan.node !== null) return { kind: "drain", node: plan.node };
  if (plan.kind === "undo" && plan.undoes !== null) return { kind: "undo", planId: plan.undoes };
  if (plan.kind !== "move") return { kind: "rebalance", whatIf: {} };
  const moves = plan.moves.map(({ group, shard, to }) => ({ group, shard, to: to.nodeId }));
  return { kind: "move", moves };
}

/** Null for an address that asks for nothing that could be planned. Conditions that make no sense are left out. */
export function requestOf(query: URLSearchParams): PlanRequest | null {
  switch (query.get("kind") ?? "rebalance") {
    case "rebalance":
      return { kind: "rebalance", whatIf: whatIfOf(query) };
    case "drain": {
      const node = query.get("node");
      return node ? { kind: "drain", node } : null;
    }
    case "undo": {
      const planId = query.get("plan");
      return planId ? { kind: "undo", planId } : null;
    }
    case "move": {
      const moves = query.getAll("move").flatMap(moveOf);
      return moves.length > 0 ? { kind: "move", moves } : null;
    }
    default:
      return null;
  }
}

function moveOf(text: string): { group: string; shard: number; to: string }[] {
  const [, group, shard, to] = /^(.+)\/(\d{1,7}):(.+)$/.exec(text) ?? [];
  if (group === undefined || to === undefined) return [];
  return [{ group, shard: Number(shard), to }];
}

function whatIfOf(query: URLSearchParams): WhatIf {
  const cordon = [...new Set(query.getAll("cordon"))].filter((it) => it !== "");
  const weights = Object.fromEntries(query.getAll("weight").flatMap(weightOf));
  const max = query.get("max") ?? "";
  return {
    ...(cordon.length > 0 ? { cordon } : {}),
    ...(Object.keys(weights).length > 0 ? { weights } : {}),
    ...(/^\d{1,6}$/.test(max) ? { maxMoves: Number(max) } : {}),
    ...(query.get("hot") === "still" ? { keepHot: true } : {}),
  };
}

function weightOf(text: string): [string, number][] {
  const [, nodeId, weight] = /^(.+):(\d+(?:\.\d+)?)$/.exec(text) ?? [];
  const value = Number(weight);
  return nodeId !== undefined && value > 0 && value <= 1_000_000 ? [[nodeId, value]] : [];
}

export const isConditional = ({ cordon, weights, maxMoves, keepHot }: WhatIf): boolean =>
  cordon !== undefined || weights !== undefined || maxMoves !== undefined || keepHot === true;

/** The same by the command line. */
export function cliOf(request: PlanRequest): string {
  const words = ["leasehold", "plan"];
  switch (request.kind) {
    case "drain":
      return [...words, "drain", quoted(request.node), "--apply"].join(" ");
    case "undo":
      return [...words, "undo", quoted(request.planId)].join(" ");
    case "move":
      return [
        ...words,
        "move",
        ...request.moves.map(({ group, shard, to }) => quoted(`${group}/${shard}=${to}`)),
        "--apply",
      ].join(" ");
    case "rebalance": {
      const { cordon = [], weights = {}, maxMoves, keepHot } = request.whatIf ?? {};
      words.push("rebalance", ...cordon.map((it) => `--cordon ${quoted(it)}`));
      for (const [nodeId, weight] of Object.entries(weights))
        words.push(`--weight ${quoted(`${nodeId}=${weight}`)}`);
      if (maxMoves !== undefined) words.push(`--max-moves ${maxMoves}`);
      if (keepHot === true) words.push("--keep-hot");
      return [...words, "--apply"].join(" ");
    }
    default:
      return request satisfies never;
  }
}

/** For a shell. */
const quoted = (word: string): string =>
  /^[\w./:=@-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;

export function planTitle(plan: {
  readonly kind: PlanKind;
  readonly node: string | null;
  readonly undoes: string | null;
}): string {
  if (plan.kind === "drain") return `Drain ${plan.node ?? ""}`;
  if (plan.kind === "undo") return `Undo ${plan.undoes ?? ""}`;
  return plan.kind === "move" ? "Move" : "Rebalance";
}
