import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { LaunchError, type LaunchedCluster } from "@leasehold/node/launcher";
import type { ShardingNode } from "@leasehold/sharding";
import { ask, problemOf } from "./api.ts";
import { fileAt } from "./files.ts";
import { stream } from "./stream.ts";

export interface Web {
  readonly url: string;
  stop(): Promise<void>;
}

/**
 * The auction's web server: a page, a few calls, and a stream of what happens. It has no state: everything is asked of
 * the cluster through `node`, a proxy, so there may be any number of it.
 */
export async function serveWeb(
  node: ShardingNode,
  { listen: { host, port }, consoleUrl }: Pick<LaunchedCluster, "listen" | "consoleUrl">,
): Promise<Web> {
  const server = createServer((request, response) => {
    answer(node, consoleUrl, request, response).catch((error: unknown) => {
      const { status, problem } = problemOf(error);
      if (response.headersSent) response.end();
      else sendJson(response, status, problem);
    });
  });
  server.listen(port, host);
  await once(server, "listening").catch((cause: NodeJS.ErrnoException) => {
    const why = `The auction cannot listen on port ${port} (${cause.code}): choose another --node-port.`;
    throw new LaunchError(why, { cause });
  });
  return {
    url: `http://${host}:${port}`,
    stop: async () => {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function answer(
  node: ShardingNode,
  consoleUrl: string | null,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { pathname } = new URL(request.url ?? "/", "http://auction");
  if (pathname.startsWith("/api/")) {
    return sendJson(response, 200, await ask(node, pathname, request));
  }
  if (pathname === "/events") return await stream(node, consoleUrl, request, response);
  const file = await fileAt(pathname);
  if (file === null) return sendJson(response, 404, { code: "NOT_FOUND", message: "Not here." });
  response.writeHead(200, { "content-type": file.type, "cache-control": "no-cache" });
  response.end(file.text);
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}
