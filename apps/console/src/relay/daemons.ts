import { z } from "zod";
import type { DaemonsView } from "../wire/daemons-view.ts";
import type { Hub } from "./hub.ts";
import { type DaemonsAnswer, mergeDaemons, type NodeReply } from "./merge-daemons.ts";
import { askNode, type NodeAnswer } from "./node-http.ts";
import { lookerOf } from "./node-tokens.ts";
import { workerHistories } from "./worker-history.ts";

/** Less than the pages wait between two questions: a paused node must not keep them from the others. @unit milliseconds */
const timeoutMs = 1500;
/** What somebody threw may be a page long; nobody reads more of it in a row. */
const wordsShown = 2000;

const name = z.string().max(500);
const whole = z.int().min(0);
const answer = z.object({
  seq: whole,
  daemons: z.array(
    z.object({
      daemon: name,
      group: name,
      workers: whole,
      items: z.array(
        z.object({
          index: whole,
          state: z.enum(["unallocated", "starting", "hosted", "handing-off"]),
          nodeId: name.nullable(),
          epoch: whole,
        }),
      ),
      here: z.array(
        z.object({
          index: whole,
          fence: whole,
          state: z.enum(["running", "waiting", "stopping"]),
          sinceMs: z.number(),
          beatAgeMs: z.number().nullable(),
          failures: whole,
          lastFailure: z
            .string()
            .transform((words) => words.slice(0, wordsShown))
            .nullable(),
        }),
      ),
    }),
  ),
}) satisfies z.ZodType<DaemonsAnswer>;

/** Asks every node at once; each knows how its own workers are, and no other node's. */
export async function lookAtDaemons(hub: Hub): Promise<DaemonsView> {
  const replies = await Promise.all(
    targetsOf(hub).map(async ({ nodeId, address }): Promise<NodeReply> => {
      const asker = lookerOf(hub.config.tokens);
      const reply = await askNode(address, asker, "GET", "/v1/daemons", undefined, timeoutMs);
      return { nodeId, ...read(reply) };
    }),
  );
  return mergeDaemons(replies, workerHistories(hub.authority.tail.entries));
}

function read(reply: NodeAnswer): { readonly answer: DaemonsAnswer } | { readonly why: string } {
  if (!reply.ok) return { why: whyNot(reply) };
  const parsed = answer.safeParse(reply.body);
  if (parsed.success) return { answer: parsed.data };
  return { why: "the answer cannot be read" };
}

function whyNot({ problem, reached }: Extract<NodeAnswer, { ok: false }>): string {
  if (problem.status === 404) return "older than daemons, and runs none";
  if (problem.code === "NODE_TIMEOUT") return `no answer within ${timeoutMs / 1000} s`;
  return reached ? problem.title.replace(/\.$/, "") : "not reached";
}

/** The nodes that may run something: whoever is dead by the cluster's word runs nothing. */
function targetsOf(hub: Hub): { readonly nodeId: string; readonly address: string }[] {
  const targets = new Map<string, string>();
  const dead = new Set<string>();
  for (const { nodeId, address, state } of hub.authority.state?.nodes.values() ?? []) {
    if (state === "dead" || state === "drained") dead.add(nodeId);
    else targets.set(nodeId, address);
  }
  for (const { hello, address } of hub.links()) {
    if (hello !== null && !dead.has(hello.nodeId)) targets.set(hello.nodeId, address);
  }
  return [...targets].map(([nodeId, address]) => ({ nodeId, address }));
}
