import { request } from "node:http";
import { z } from "zod";
import type { CallOutcome } from "./probe-ledger.ts";

export interface EntityCall {
  /** Of the node, as `http://host:port`. */
  readonly address: string;
  readonly token: string | undefined;
  readonly type: string;
  readonly id: string;
  readonly command: string;
  readonly input: unknown;
  readonly key: string | null;
  readonly deadlineMs: number;
  /** How long after the deadline an answer is still waited for. @unit milliseconds */
  readonly patienceMs: number;
}

export interface EntityAnswer {
  readonly outcome: CallOutcome;
  readonly result: unknown;
}

const done = z.object({
  result: z.unknown(),
  servedBy: z.object({
    nodeId: z.string(),
    group: z.string(),
    shard: z.int(),
    epoch: z.int(),
  }),
});
const problem = z.object({
  code: z.string(),
  executed: z.enum(["no", "yes", "unknown"]).optional(),
});

/**
 * One call to an entity, on a connection of its own: one that is kept alive may be closed by the node at the moment that
 * it is used again, and then nobody could say whether a call was lost. Never throws.
 */
export function askEntity(call: EntityCall): Promise<EntityAnswer> {
  const path = [call.type, call.id, call.command].map(encodeURIComponent).join("/");
  const lost: EntityAnswer = { outcome: { tag: "lost", isExcused: false }, result: null };
  const body = JSON.stringify(call.input ?? null);
  return new Promise((resolve) => {
    const asking = request(
      `${call.address}/v1/entities/${path}`,
      {
        ...{ method: "POST", agent: false },
        signal: AbortSignal.timeout(call.deadlineMs + call.patienceMs),
        headers: {
          "content-type": "application/json",
          "content-length": Buffer.byteLength(body),
          "leasehold-deadline-ms": String(call.deadlineMs),
          ...(call.key === null ? {} : { "idempotency-key": call.key }),
          ...(call.token === undefined ? {} : { authorization: `Bearer ${call.token}` }),
        },
      },
      (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (chunk: string) => {
          text += chunk;
        });
        response.on("end", () => resolve(readAnswer(response.statusCode ?? 0, text)));
        response.on("error", () => resolve(lost));
      },
    );
    asking.on("error", (error: NodeJS.ErrnoException) => {
      const isRefused = error.code === "ECONNREFUSED";
      const refused: CallOutcome = { tag: "refused", executed: "no", code: "ECONNREFUSED" };
      resolve(isRefused ? { outcome: refused, result: null } : lost);
    });
    asking.end(body);
  });
}

function readAnswer(status: number, text: string): EntityAnswer {
  const body = parse(text);
  if (status === 200) {
    const answer = done.safeParse(body);
    if (answer.success) {
      const { nodeId, group, shard, epoch } = answer.data.servedBy;
      const served = { nodeId, epoch, shard: `${group}/${shard}` };
      return { outcome: { tag: "done", served }, result: answer.data.result };
    }
  }
  const said = problem.safeParse(body);
  const { code = `HTTP_${status}`, executed = "unknown" } = said.success ? said.data : {};
  return { outcome: { tag: "refused", executed, code }, result: null };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // What is not JSON has no code either; its status is said.
    return null;
  }
}
