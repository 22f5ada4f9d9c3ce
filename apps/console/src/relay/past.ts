import type { LogEntry } from "@leasehold/sharding/observe";
import { z } from "zod";
import type { RawEntry } from "./authority.ts";
import { parseEntry } from "./entry-schema.ts";
import type { Hub } from "./hub.ts";
import { askNode } from "./node-http.ts";
import { lookerOf } from "./node-tokens.ts";
import type { TableTail } from "./table-tail.ts";

const eventsPage = z.object({ events: z.array(z.looseObject({ seq: z.int() })) });
const pageSize = 1000;

/**
 * The end of the log before the first snapshot, so that the timeline does not begin with the console.
 * From Postgres where there is one, else from any node; nothing else depends on it.
 */
export async function readPast(hub: Hub, table: TableTail | null): Promise<LogEntry[]> {
  const seq = hub.authority.state?.seq ?? 0;
  if (seq === 0) return [];
  const raw = await firstOf([
    async () => (table === null ? null : await table.past(seq)),
    async () => await fromNode(hub, seq),
  ]);
  const cut = hub.authority.tail.entries[0]?.seq ?? seq + 1;
  return raw.filter((entry) => entry.seq < cut).map(parseEntry);
}

async function fromNode(hub: Hub, seq: number): Promise<RawEntry[] | null> {
  const link = hub.links().find((it) => it.state === "connected");
  if (link === undefined) return null;
  const path = `/v1/events?after=${Math.max(0, seq - pageSize)}&limit=${pageSize}`;
  const answer = await askNode(link.address, lookerOf(hub.config.tokens), "GET", path);
  return answer.ok ? eventsPage.parse(answer.body).events : null;
}

/** A source that fails is the next one's turn. */
async function firstOf(
  sources: readonly (() => Promise<RawEntry[] | null>)[],
): Promise<RawEntry[]> {
  for (const source of sources) {
    const found = await source().catch(() => null);
    if (found !== null && found.length > 0) return found;
  }
  return [];
}
