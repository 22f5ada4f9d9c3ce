import { z } from "zod";
import type { NodeAnswer } from "../relay/node-http.ts";
import type { TapeState } from "../wire/tape.ts";
import { reelJson } from "./pack.ts";
import type { Tape } from "./tape.ts";
import type { At } from "./tape-source.ts";

const moment = z.coerce.number().int().min(0);
const bar = z
  .object({ from: moment, to: moment, buckets: z.coerce.number().int().min(1).max(2000) })
  .refine((it) => it.from < it.to, "from must be before to");
const reel = z.union([z.object({ pos: moment }), z.object({ at: moment })]);
const marks = z.object({
  from: moment,
  direction: z.enum(["next", "previous"]),
  limit: z.coerce.number().int().min(1).max(100).default(1),
});

/** JSON that is put together already. */
export interface RawAnswer {
  readonly ok: true;
  readonly status: 200;
  readonly json: string;
}

/** The routes under `/api/tape/`: what was recorded, to be read. */
export async function answerTape(
  tape: Tape,
  state: TapeState,
  route: string,
  query: Readonly<Record<string, string>>,
): Promise<NodeAnswer | RawAnswer> {
  try {
    return await answerRoute(tape, state, route, query);
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    return refusal(503, "RECORDING_AWAY", "The recording cannot be read now.", detail);
  }
}

async function answerRoute(
  tape: Tape,
  state: TapeState,
  route: string,
  query: Readonly<Record<string, string>>,
): Promise<NodeAnswer | RawAnswer> {
  switch (route) {
    case "state":
      return { ok: true, status: 200, body: state };
    case "bar": {
      const it = bar.safeParse(query);
      if (!it.success) return malformed(it.error);
      return {
        ok: true,
        status: 200,
        body: await tape.bar(it.data.from, it.data.to, it.data.buckets),
      };
    }
    case "marks": {
      const it = marks.safeParse(query);
      if (!it.success) return malformed(it.error);
      const { from, direction, limit } = it.data;
      return { ok: true, status: 200, body: await tape.marks(from, direction, limit) };
    }
    case "reel": {
      const it = reel.safeParse(query);
      if (!it.success) return malformed(it.error);
      const at = "pos" in it.data ? { pos: it.data.pos } : { atMs: it.data.at };
      return await answerReel(tape, state, at);
    }
    case "find-reel":
      return await findReel(tape, state, query);
    default:
      return refusal(404, "NOT_FOUND", "There is no such route.", `GET /api/tape/${route}`);
  }
}

/** Null where no such moment is kept: whoever steps over an end asks for none that must be there. */
async function findReel(
  tape: Tape,
  state: TapeState,
  query: Readonly<Record<string, string>>,
): Promise<NodeAnswer | RawAnswer> {
  const it = z.object({ pos: moment }).safeParse(query);
  if (!it.success) return malformed(it.error);
  const isLater = it.data.pos > (state.last?.pos ?? 0);
  const found = isLater ? null : await tape.reel({ pos: it.data.pos });
  return { ok: true, status: 200, json: found === null ? "null" : await reelJson(found) };
}

async function answerReel(tape: Tape, state: TapeState, at: At): Promise<NodeAnswer | RawAnswer> {
  if (state.last === null) {
    return refusal(
      404,
      "NOTHING_RECORDED",
      "Nothing is recorded yet.",
      "The recording begins with the first node.",
    );
  }
  if ("pos" in at && at.pos > state.last.pos) {
    const detail = `The newest moment is ${state.last.pos}; ${at.pos} is later.`;
    return refusal(404, "MOMENT_UNKNOWN", "No such moment is recorded.", detail);
  }
  const found = await tape.reel(at);
  if (found !== null) return { ok: true, status: 200, json: await reelJson(found) };
  const oldest =
    state.first === null
      ? ""
      : ` The oldest moment kept is ${new Date(state.first.atMs).toISOString()}.`;
  return refusal(
    410,
    "MOMENT_GONE",
    "That moment is no longer kept.",
    `The recording was thrown away by age or size.${oldest}`,
  );
}

const malformed = (error: z.core.$ZodError): NodeAnswer =>
  refusal(400, "BAD_MOMENT", "The moment cannot be read.", z.prettifyError(error));

function refusal(status: number, code: string, title: string, detail: string): NodeAnswer {
  const retryable = status === 503;
  const problem = { status, code, title, detail, retryable, executed: "no" as const };
  return { ok: false, reached: true, problem };
}
