import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { z } from "zod";
import { type SmallAnswer, sendAnswer, smallProblem } from "../../http/small-answer.ts";
import type { Database } from "../database.ts";
import { loadLimit } from "../flags.ts";
import type { SampleLoad } from "./sample-load.ts";

/**
 * Where the console reaches what only the launcher has (`LEASEHOLD_LOAD_URL`). `GET` answers the report of the sample
 * load, `PUT {targetPerSecond}` sets its rate. Beside it `postgres`: `GET` answers whether the server is the launcher's
 * own, `POST` restarts it and answers when it runs again. Loopback, and only for who has the token.
 */
export interface LoadEndpoint {
  readonly url: string;
  close(): void;
}

const bodyLimit = 1_024;
const steering = z.strictObject({ targetPerSecond: z.int().min(0).max(loadLimit) });

export async function openLoadEndpoint(
  load: SampleLoad,
  token: string,
  restartPostgres: Database["restart"],
): Promise<LoadEndpoint> {
  const server = createServer((request, response) => {
    answer(load, token, restartPostgres, request).then(
      (answered) => sendAnswer(response, answered),
      // The caller went away while it sent.
      () => response.destroy(),
    );
  });
  server.requestTimeout = 5_000;
  server.maxConnections = 32;
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function answer(
  load: SampleLoad,
  token: string,
  restartPostgres: Database["restart"],
  request: IncomingMessage,
): Promise<SmallAnswer> {
  if (request.headers.authorization !== `Bearer ${token}`) {
    return smallProblem(401, "TOKEN_REQUIRED", "Send the token as Authorization: Bearer.");
  }
  if (request.url === "/postgres") return await answerPostgres(restartPostgres, request);
  if (request.method === "GET") return { status: 200, body: load.report() };
  if (request.method !== "PUT") return smallProblem(405, "METHOD_NOT_ALLOWED", "Use GET or PUT.");
  const target = steering.safeParse(await readJson(request));
  if (!target.success) return smallProblem(422, "REQUEST_INVALID", z.prettifyError(target.error));
  load.steer(target.data.targetPerSecond);
  return { status: 200, body: load.report() };
}

async function answerPostgres(
  restart: Database["restart"],
  request: IncomingMessage,
): Promise<SmallAnswer> {
  if (request.method === "GET") return { status: 200, body: { isOwn: restart !== null } };
  if (request.method !== "POST") return smallProblem(405, "METHOD_NOT_ALLOWED", "Use GET or POST.");
  if (restart === null) {
    return smallProblem(
      409,
      "POSTGRES_NOT_OWN",
      "The server was not started here: DATABASE_URL names it.",
    );
  }
  const startedMs = performance.now();
  try {
    await restart();
  } catch (error) {
    return smallProblem(500, "POSTGRES_NOT_STARTED", String(error));
  }
  return { status: 200, body: { tookMs: Math.round(performance.now() - startedMs) } };
}

/** Undefined for what is too long or not JSON: no schema takes that. */
async function readJson(request: IncomingMessage): Promise<unknown> {
  let text = "";
  for await (const chunk of request.setEncoding("utf8")) {
    text += chunk;
    if (text.length > bodyLimit) return undefined;
  }
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
