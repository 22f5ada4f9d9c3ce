import type { NodeView } from "../../../live/node-row.ts";
import { duration } from "../../../live/say.ts";
import type { Command, FaultRequest } from "../../../wire/commands.ts";
import { isHeard, type LinkCell, postgres } from "./links.model.ts";

/** What a press on a link that is whole sets. */
export interface Tool {
  readonly kind: "cut" | "slow";
  readonly ways: "one" | "both";
  readonly delayMs: number;
  readonly ttlMs: number;
}

export const firstTool: Tool = { kind: "cut", ways: "one", delayMs: 200, ttlMs: 30_000 };

/** What a press does, and how it is told once it is done; or why it does nothing. */
export type Press =
  | { readonly ok: true; readonly commands: readonly Command[]; readonly done: string }
  | { readonly ok: false; readonly why: string };

/** A press on a broken link heals it, on a whole one it sets what the tool says. */
export function pressOf(cell: LinkCell, tool: Tool, nodes: readonly NodeView[]): Press {
  return cell.faults.length > 0 ? heal(cell) : set(cell, tool, nodes);
}

function heal({ from, to, faults }: LinkCell): Press {
  const commands = faults.map(({ nodeId, id }) => ({ kind: "heal", nodeId, faultId: id }) as const);
  const both = faults.some((it) => it.isBothWays) && to !== postgres ? ", both ways" : "";
  return { ok: true, commands, done: `${from} to ${endName(to)} healed${both}.` };
}

function set(cell: LinkCell, tool: Tool, nodes: readonly NodeView[]): Press {
  const { from, to } = cell;
  const ends = nodes.filter((it) => it.nodeId === from || it.nodeId === to);
  // Either end can carry it. The row's is asked first: it is the one that sends.
  const heard = ends.filter(isHeard).toSorted((it) => (it.nodeId === from ? -1 : 1));
  const carrier = heard.find((it) => it.faultsOn);
  if (carrier === undefined) {
    return { ok: false, why: whyNobody(ends, heard) };
  }
  const { nodeId } = carrier;
  const fault = requestOf(cell, tool, nodeId);
  const what = tool.kind === "cut" ? "cut" : `slowed by ${tool.delayMs} ms`;
  const both = tool.ways === "both" ? ", both ways" : "";
  const done = `${from} to ${endName(to)} ${what}${both}. It ends by itself in ${duration(tool.ttlMs)}.`;
  return { ok: true, commands: [{ kind: "fault", nodeId, fault }], done };
}

function whyNobody(ends: readonly NodeView[], heard: readonly NodeView[]): string {
  const names = (heard.length > 0 ? heard : ends).map((it) => it.nodeId);
  const [only] = names;
  if (heard.length > 0) {
    const were = names.length === 1 ? "was" : "were";
    return `${names.join(" and ")} ${were} started with faults off`;
  }
  return names.length === 1 ? `${only} is not heard` : `neither ${names.join(" nor ")} is heard`;
}

function requestOf({ from, to }: LinkCell, tool: Tool, carrier: string): FaultRequest {
  const { ttlMs, delayMs } = tool;
  const oneWay = carrier === from ? "out" : "in";
  const direction = tool.ways === "both" ? "both" : oneWay;
  if (to === postgres) {
    return tool.kind === "cut"
      ? { kind: "cut-postgres", direction, ttlMs }
      : { kind: "slow-postgres", delayMs, ttlMs };
  }
  const peer = carrier === from ? to : from;
  return tool.kind === "cut"
    ? { kind: "cut-link", peer, direction, ttlMs }
    : { kind: "slow-link", peer, direction, delayMs, ttlMs };
}

export const endName = (end: string): string => (end === postgres ? "Postgres" : end);
