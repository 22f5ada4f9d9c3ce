/**
 * Every key of the console, in one table: what listens, what the help dialog lists and what the palette
 * shows beside a command are read from here.
 */
export interface Key {
  /** In tinykeys' words; `[Shift]` may or may not be held, as layouts differ. */
  readonly press: string;
  /** What stands on the key caps, one after the other. */
  readonly caps: readonly string[];
  readonly words: string;
  readonly group: KeyGroup;
  /** Works while one types, and stays on when single-key shortcuts are off. */
  readonly isChord?: true;
}

export type KeyGroup = "Go to" | "Everywhere" | "Time" | "In tables and maps";

/**
 * One binding for all pages: with one for each, tinykeys 4.0 swallows the first key of a sequence that
 * follows another within a second.
 */
export const pageSequence = "g ([a-z])";

const page = (letter: string, title: string): Key => ({
  press: pageSequence,
  caps: ["g", letter],
  words: title,
  group: "Go to",
});
// A layout may need Shift or AltGr for a sign: the sign counts, not how it is made.
const sign = (cap: string, words: string, group: KeyGroup): Key => ({
  press: `[Shift]+[Control]+[Alt]+${cap}`,
  caps: [cap],
  words,
  group,
});

export const keys = {
  palette: {
    press: "$mod+k",
    caps: ["mod", "K"],
    words: "Find or run",
    group: "Everywhere",
    isChord: true,
  },
  filter: sign("/", "Filter this page", "Everywhere"),
  help: sign("?", "All keys", "Everywhere"),
  pause: {
    press: "Space",
    caps: ["Space"],
    words: "Pause, or go on; in the past: play",
    group: "Time",
  },
  "step-back": sign(",", "One event back", "Time"),
  "step-on": sign(".", "One event on", "Time"),
  "violation-back": sign("[", "Previous fault or violation", "Time"),
  "violation-on": sign("]", "Next fault or violation", "Time"),
  "page-overview": page("o", "Overview"),
  "page-shards": page("s", "Shards"),
  "page-nodes": page("n", "Nodes"),
  "page-divergence": page("d", "Divergence"),
  "page-moves": page("m", "Moves"),
  "page-timeline": page("t", "Timeline"),
  "page-entities": page("e", "Entities"),
  "page-load": page("l", "Load"),
  "page-lab": page("f", "Lab: faults"),
  "page-audit": page("a", "Audit"),
  "page-daemons": page("w", "Daemons: workers"),
} as const satisfies Record<string, Key>;

export type KeyId = keyof typeof keys;

/** What a page's key is called in the table, or null where it has none. */
export function pageKey(name: string): KeyId | null {
  const id = `page-${name}`;
  return id in keys ? (id as KeyId) : null;
}

/** The key that is pressed on a page's letter. */
export function pageOfLetter(letter: string): KeyId | null {
  const ids = Object.keys(keys) as KeyId[];
  return (
    ids.find((id) => keys[id].press === pageSequence && keys[id].caps.at(-1) === letter) ?? null
  );
}

/** Keys that the focused element handles itself: listed, never listened for. */
export const localKeys: readonly Key[] = [
  { press: "", caps: ["←", "↑", "↓", "→"], words: "Walk", group: "In tables and maps" },
  { press: "", caps: ["Enter"], words: "Open", group: "In tables and maps" },
  { press: "", caps: ["Esc"], words: "Close, or leave the field", group: "In tables and maps" },
];
