import type { Append } from "../../ports/journal.ts";

/** An append with what is made of it once, also where it is sent twice. */
export interface WrittenAppend {
  readonly append: Append;
  /** Its events, as JSON. */
  readonly texts: readonly string[];
  /** Its entity among those of the shard. */
  readonly entity: string;
}

export const writtenAppend = (append: Append): WrittenAppend => ({
  append,
  texts: append.events.map((event) => JSON.stringify(event)),
  // No part can contain the separator: the journal refuses such texts.
  entity: `${append.namespace}\0${append.type}\0${append.id}`,
});
