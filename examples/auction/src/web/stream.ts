import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import {
  CursorInvalidError,
  type EntityEvent,
  type EventHandler,
  type ShardingNode,
} from "@leasehold/sharding";
import { ownerOf, shardOf } from "@leasehold/sharding/observe";
import { Lot } from "../lot.ts";
import { Purse } from "../purse.ts";

/**
 * Sends a page what has happened and what happens, as server-sent events.
 *
 * Nothing is kept here. The id of each message is the cursor behind its events, and a browser that was cut off says
 * the last one that it got (Last-Event-ID): so it misses nothing, whichever web server it comes back to.
 */
export async function stream(
  node: ShardingNode,
  consoleUrl: string | null,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const gone = new AbortController();
  response.once("close", () => gone.abort());
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
  const send = (kind: string, data: unknown, id?: string): boolean => {
    const place = id === undefined ? "" : `id: ${id}\n`;
    return response.write(`${place}event: ${kind}\ndata: ${JSON.stringify(data)}\n\n`);
  };
  const pass: EventHandler = async (events, cursor) => {
    const placed = events.map((event) => ({ ...event, shard: shardOfEntity(node, event) }));
    if (send("events", placed, cursor())) return;
    // A slow reader is waited for; one that leaves ends the wait.
    await once(response, "drain", { signal: gone.signal }).catch(() => undefined);
  };

  response.write("retry: 500\n\n");
  send("hello", { now: Date.now(), consoleUrl });
  const stopHomes = followHomes(node, (homes) => send("homes", homes));
  try {
    const from = String(request.headers["last-event-id"] ?? "start");
    const filter = { types: [Lot.type, Purse.type] };
    const following = await node.subscribe(filter, pass, { from, signal: gone.signal });
    await following.ended;
  } catch (error) {
    // The browser comes back, whatever it was. One that remembers another journal than this begins from the start.
    if (error instanceof CursorInvalidError) send("forget", null, "start");
    else process.emitWarning(`A page's stream ended: ${String(error)}`);
  } finally {
    stopHomes();
    response.end();
  }
}

/** Tells which node serves each shard, now and whenever the cluster's log says something else. */
function followHomes(
  node: ShardingNode,
  tell: (homes: readonly (string | null)[]) => void,
): () => void {
  let told = "";
  const look = (): void => {
    const rows = node.authority().state.shards.get(Lot.group) ?? [];
    const homes = rows.map((row) =>
      row.state === "starting" ? null : (ownerOf(row)?.nodeId ?? null),
    );
    const text = JSON.stringify(homes);
    if (text !== told) tell(homes);
    told = text;
  };
  look();
  const stops = [node.onLog(look), node.onReload(look)];
  return () => {
    for (const stop of stops) stop();
  };
}

function shardOfEntity(node: ShardingNode, { entity }: EntityEvent): number {
  const { shards = 1 } = node.authority().state.groups.get(Lot.group) ?? {};
  return shardOf(entity.namespace, entity.type, entity.id, shards);
}
