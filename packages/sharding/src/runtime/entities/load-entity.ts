import type { Journal, StoredEntity } from "../../ports/journal.ts";
import type { EntityType } from "./entity-type.ts";
import { fold, removal, type StoredData, storedDataOf } from "./fold.ts";

/** An entity as it is folded from the journal. */
export interface Loaded {
  readonly state: unknown;
  readonly version: number;
  /** Events that no snapshot had taken in. */
  readonly folded: number;
}

const pageSize = 1_000;

/**
 * Reads an entity: its snapshot, where one is kept, and the events above it. Whoever is going to serve it has claimed
 * its head before.
 *
 * @param initial the state of an entity that nobody has called yet.
 * @throws where its events cannot be folded in this version of the program, or are not all there.
 */
export async function loadEntity(
  journal: Pick<Journal, "replay" | "read">,
  type: Pick<EntityType, "definition">,
  entity: StoredEntity,
  initial: () => unknown,
): Promise<Loaded> {
  const { stateVersion } = type.definition;
  const { snapshot, events } = await journal.replay(entity, stateVersion, pageSize);
  let state = snapshot === null ? initial() : snapshot.state;
  const from = snapshot?.version ?? 0;
  const [first] = events;
  if (first !== undefined && first.version > from + 1 && !isRemoval(first.event)) {
    throw new Error(
      `No state of state version ${stateVersion} is kept of it, and its events up to ${first.version - 1} were deleted.`,
    );
  }
  let version = from;
  let page = events;
  for (;;) {
    const stored = page.map(storedDataOf);
    state = fold(type, state, stored, initial);
    version = page.at(-1)?.version ?? version;
    if (page.length < pageSize) return { state, version, folded: version - from };
    page = await journal.read(entity, version, pageSize);
  }
}

const isRemoval = (event: unknown): boolean => (event as StoredData | null)?.type === removal.type;
