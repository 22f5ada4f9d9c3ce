import { fork } from "node:child_process";
import { once } from "node:events";
import { Agent, request } from "node:http";
import { fileURLToPath } from "node:url";
import { startCluster } from "../../cluster/harness.ts";
import { type Ask, keepAsking } from "../support/asking.ts";
import { idsOf } from "../support/echo.ts";
import type { Figure } from "../support/figures.ts";
import { takeTurns } from "../support/turns.ts";
import { askFigures } from "./figures.ts";
import type { AskRun } from "./in-memory.ts";

const roundMs = 600;
const echo = fileURLToPath(new URL("./http-echo.ts", import.meta.url));

/** Commands through the HTTP of apps/node beside a bare node:http server, asked by the same client. */
export async function measureHttp(run: AskRun): Promise<readonly Figure[]> {
  const cluster = await startCluster({
    ...{ nodes: 1, shards: 256, ttlMs: 5_000, databaseUrl: run.databaseUrl },
    env: { LEASEHOLD_FAULTS: "off" },
  });
  const child = fork(echo);
  const [port] = (await once(child, "message")) as [number];
  const agent = new Agent({ keepAlive: true });
  const ours = poster(agent, cluster.node(1).url);
  const limit = poster(agent, `http://127.0.0.1:${port}`);
  const figures: Figure[] = [];
  for (const inFlight of [1, 64, 256]) {
    const what = `HTTP, ${inFlight} in flight`;
    const parts = {
      ours: () => keepAsking(ours, inFlight, roundMs),
      limit: () => keepAsking(limit, inFlight, roundMs),
    };
    const turns = await takeTurns(run.rounds, parts, (line) => run.progress(`${what}, ${line}`));
    figures.push(...askFigures(what, "bare node:http", turns));
  }
  agent.destroy();
  child.disconnect();
  await cluster.destroy();
  return figures;
}

const body = JSON.stringify({ by: 1 });
const headers = { "content-type": "application/json", "content-length": body.length };

function poster(agent: Agent, base: string): Ask {
  const urls = idsOf().map((id) => new URL(`/v1/entities/counter/${id}/add`, base));
  return (turn) =>
    new Promise((resolve, reject) => {
      const url = urls[turn % urls.length] as URL;
      const sent = request(url, { agent, method: "POST", headers }, (response) => {
        const { statusCode } = response;
        if (statusCode !== 200) reject(new Error(`${url.href} answered ${statusCode}.`));
        response.on("error", reject);
        response.on("end", resolve);
        response.resume();
      });
      sent.on("error", reject);
      sent.end(body);
    });
}
