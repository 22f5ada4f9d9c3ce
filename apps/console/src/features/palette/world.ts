import { ownerOf } from "@leasehold/sharding/observe";
import { plural } from "../../live/say.ts";
import { live } from "../../live/use-live.ts";
import { nodeLook, stateLook } from "../../ui/tone.ts";
import { pages } from "../frame/pages.ts";
import { keys, pageKey } from "../keys/keys.ts";
import { offeredCommands } from "./commands.ts";
import type { FoundShard, PaletteItem, PaletteWorld } from "./palette.model.ts";

/** The cluster as the palette sees it at this instant. */
export function paletteWorld(): PaletteWorld {
  return {
    items: [...nodeItems(), ...pageItems(), ...planItems(), ...commandItems()],
    shards: findShards,
    look: (state) => stateLook[state],
  };
}

function findShards(number: number, group: string | null): FoundShard[] {
  const { cluster, index, verdicts } = live.mirror;
  const found: FoundShard[] = [];
  for (const name of cluster?.groups.keys() ?? []) {
    if (group !== null && group !== name) continue;
    const flat = index.find({ group: name, shard: number });
    const row = live.mirror.rowOf(flat);
    if (row === undefined || live.mirror.isSpare(flat)) continue;
    const owner = ownerOf(row)?.nodeId ?? null;
    found.push({
      group: name,
      shard: number,
      state: verdicts.cellOf(flat),
      owner,
      epoch: row.epoch,
    });
  }
  return found;
}

function nodeItems(): PaletteItem[] {
  const nodes = live.store.getState().summary?.nodes ?? [];
  return nodes.map((it) => ({
    id: `node ${it.nodeId}`,
    group: "Nodes",
    title: "Node",
    name: it.nodeId,
    ...nodeLook[it.condition],
    note: plural(it.owned, "shard"),
    action: { href: `/nodes/${encodeURIComponent(it.nodeId)}` },
  }));
}

const pageItems = (): PaletteItem[] =>
  pages.map(({ page, href, title }) => {
    const key = pageKey(page);
    return {
      id: `page ${page}`,
      group: "Pages",
      title,
      page,
      keywords: "go to page",
      ...(key === null ? {} : { caps: keys[key].caps }),
      action: { href },
    };
  });

function planItems(): PaletteItem[] {
  const plans = live.store.getState().summary?.plans ?? [];
  return plans.map((it) => ({
    id: `plan ${it.planId}`,
    group: "Plans",
    title: `Plan: ${it.kind}`,
    name: it.planId.slice(0, 8),
    keywords: it.planId,
    page: "moves",
    note: `${it.state} · ${plural(it.moves.length, "move")}`,
    action: { href: `/moves/plans/${encodeURIComponent(it.planId)}` },
  }));
}

const commandItems = (): PaletteItem[] =>
  offeredCommands().map(({ run: _run, ...it }) => ({
    ...it,
    group: "Run",
    action: { run: it.id },
  }));
