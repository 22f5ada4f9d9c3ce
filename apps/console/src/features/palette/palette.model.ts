import type { CellState } from "../../live/cell-state.ts";
import type { GlyphName } from "../../ui/glyph-paths.ts";
import type { Tone } from "../../ui/tone.ts";

/** One line of the palette: a place to go to, or something to do. */
export interface PaletteItem {
  readonly id: string;
  readonly group: PaletteGroup;
  readonly title: string;
  /** Said in mono behind the title: an id. */
  readonly name?: string;
  /** A state in a word, in its tone. */
  readonly word?: string;
  /** What stands at the right. */
  readonly note?: string;
  readonly glyph?: GlyphName;
  readonly tone?: Tone;
  readonly page?: string;
  /** Further words by which it is found. */
  readonly keywords?: string;
  readonly caps?: readonly string[];
  readonly action: { readonly href: string } | { readonly run: string };
}

export type PaletteGroup = "Shards" | "Entities" | "Nodes" | "Pages" | "Plans" | "Run";

/** As they stand in the palette: what was asked for by name comes before what is always there. */
export const paletteGroups: readonly PaletteGroup[] = [
  "Shards",
  "Entities",
  "Nodes",
  "Pages",
  "Plans",
  "Run",
];

/** Of each group so many at most: a list of ten thousand shards finds nothing. */
const perGroup = 6;

export interface FoundShard {
  readonly group: string;
  readonly shard: number;
  readonly state: CellState;
  readonly owner: string | null;
  readonly epoch: number;
}

/** What the palette can see of the cluster, asked only while it is open. */
export interface PaletteWorld {
  readonly items: readonly PaletteItem[];
  /** @param number of the shard in each group that has so many, or in the one that is named. */
  shards(number: number, group: string | null): readonly FoundShard[];
  look(state: CellState): { readonly word: string; readonly glyph: GlyphName; readonly tone: Tone };
}

/**
 * What fits the words, by group. Nothing is ranked by letters that happen to be there: every word must
 * begin a word of the line. Numbers name shards; a name with a slash is an entity.
 */
export function findItems(text: string, world: PaletteWorld): readonly PaletteItem[] {
  const query = text.trim();
  const words = query.toLowerCase().split(/\s+/);
  const all = [
    ...shardItems(query, world),
    ...entityItems(query),
    ...world.items.filter((it) => query === "" || fits(it, words)),
    ...eventItems(query),
  ];
  return paletteGroups.flatMap((group) =>
    all
      .filter((it) => it.group === group)
      .slice(0, group === "Run" ? 2 * perGroup : limitOf(group)),
  );
}

const limitOf = (group: PaletteGroup): number => (group === "Pages" ? 14 : perGroup);

function fits(it: PaletteItem, words: readonly string[]): boolean {
  const text = ` ${it.title} ${it.name ?? ""} ${it.keywords ?? ""} ${it.word ?? ""}`.toLowerCase();
  return words.every(
    (word) => text.includes(` ${word}`) || (word.length > 2 && text.includes(word)),
  );
}

function shardItems(query: string, world: PaletteWorld): PaletteItem[] {
  const [, group = null, digits] =
    /^(?:(?:move )?shard )?(?:([\w:.-]+)\/)?(\d{1,7})$/i.exec(query) ?? [];
  if (digits === undefined) return [];
  const number = Number(digits);
  const found = world.shards(number, group);
  const open = found.map((it): PaletteItem => {
    const look = world.look(it.state);
    return {
      id: `shard ${it.group}/${it.shard}`,
      group: "Shards",
      title: "Shard",
      name: `${it.group}/${it.shard}`,
      word: look.word,
      glyph: look.glyph,
      tone: look.tone,
      note: `${it.owner ?? "no home"} · epoch ${it.epoch}`,
      action: { href: `/shards/${encodeURIComponent(it.group)}/${it.shard}` },
    };
  });
  const [first] = found;
  if (first === undefined) return open;
  const move: PaletteItem = {
    id: "move",
    group: "Run",
    title: `Move shard ${first.group}/${first.shard}…`,
    note: "opens a plan",
    page: "moves",
    action: { href: `/shards/${encodeURIComponent(first.group)}/${first.shard}?move=1` },
  };
  return [...open, move];
}

/** `counter/a`, `eu/counter/a` with its namespace, or a key alone, whose type is still to be said. */
function entityItems(query: string): PaletteItem[] {
  if (query === "" || /\s/.test(query)) return [];
  const parts = query.split("/");
  const [type, id, namespace] =
    parts.length === 2
      ? [parts[0], parts[1], undefined]
      : parts.length === 3
        ? [parts[1], parts[2], parts[0]]
        : [undefined, query, undefined];
  const isNamed = type !== undefined && type !== "" && id !== undefined && id !== "";
  const search = new URLSearchParams(
    isNamed ? { type, id, ...(namespace === undefined ? {} : { namespace }) } : { id: query },
  );
  return [
    {
      id: `entity ${query}`,
      group: "Entities",
      title: isNamed ? "Look up" : "Look up key",
      name: query,
      note: "never activates it",
      page: "entities",
      action: { href: `/entities?${search}` },
    },
  ];
}

function eventItems(query: string): PaletteItem[] {
  const [, digits] = /^(?:event |seq )?(\d{1,15})$/i.exec(query) ?? [];
  if (digits === undefined) return [];
  return [
    {
      id: "event",
      group: "Run",
      title: "Go to event",
      name: digits,
      page: "timeline",
      action: { href: `/timeline?q=seq:${digits}` },
    },
  ];
}
