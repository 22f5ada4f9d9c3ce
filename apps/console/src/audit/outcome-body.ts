import { z } from "zod";
import type { NodeAnswer } from "../relay/node-http.ts";
import type { Facts } from "../wire/audit-view.ts";
import type { Problem } from "../wire/commands.ts";
import { answerTooLong } from "./refusals.ts";

/** Longer answers (a plan of ten thousand moves) are not kept in the audit. @unit characters of JSON */
const answerLimit = 32_768;

const facts = z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]));
const problem = z.looseObject({ title: z.string(), status: z.number(), code: z.string() });

/** The body of an outcome's row. */
export const outcomeSchema = z.object({
  result: z.enum(["done", "failed", "refused"]),
  status: z.number(),
  before: facts.nullable(),
  after: facts.nullable(),
  /** Absent: it was too long. */
  answer: z.unknown().optional(),
  problem: problem.nullable(),
});

export function outcomeBody(
  result: "done" | "failed" | "refused",
  answer: NodeAnswer,
  before: Facts | null,
  after: Facts | null,
): z.infer<typeof outcomeSchema> {
  if (!answer.ok) {
    return { result, status: answer.problem.status, before, after, problem: { ...answer.problem } };
  }
  const isShort = (JSON.stringify(answer.body) ?? "").length <= answerLimit;
  return {
    result,
    ...{ status: answer.status, before, after, problem: null },
    ...(isShort ? { answer: answer.body } : {}),
  };
}

/** The answer that somebody else's console gave, from the row that it wrote. */
export function savedAnswer(body: unknown): NodeAnswer {
  const { status, problem: given, ...rest } = outcomeSchema.parse(body);
  if (given !== null) return { ok: false, reached: true, problem: given as Problem };
  if (!("answer" in rest)) return { ok: false, reached: true, problem: answerTooLong };
  return { ok: true, status, body: rest.answer };
}
