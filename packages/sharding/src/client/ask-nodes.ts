import {
  CancelledError,
  NodeNotReadyError,
  OverloadedError,
  type ShardingError,
} from "../errors.ts";
import type { AskAnswer, AskRequest } from "../node-api.ts";
import { checkIdempotencyKey } from "../runtime/entities/idempotency-key.ts";
import { type AttemptEnd, attempt } from "./attempt.ts";
import { bodyOf, pathOf } from "./call.ts";
import type { NodeRing } from "./node-ring.ts";
import type { NodeSlots } from "./node-slots.ts";
import { checkDeadline } from "./options.ts";

export interface ClientPorts {
  readonly ring: NodeRing;
  readonly slots: NodeSlots;
  readonly token: string | undefined;
  readonly fetch: typeof fetch;
}

/**
 * One command: asked again while that is safe and there is time.
 *
 * A later attempt that says of itself "not executed" says nothing of one before whose outcome is unknown: then the
 * command ends as unknown. Told as not executed it might be sent a second time.
 */
export async function askNodes(
  { ring, slots, token, fetch }: ClientPorts,
  request: AskRequest & { readonly deadlineMs: number },
): Promise<AskAnswer> {
  const { deadlineMs, key, signal } = request;
  checkDeadline(deadlineMs);
  if (key !== undefined) checkIdempotencyKey(key);
  const call = { path: pathOf(request), body: bodyOf(request.input), key, token, signal, fetch };
  const endMs = performance.now() + deadlineMs;
  const turn = ring.nextTurn();
  const asked: string[] = [];
  const leftMs = (): number => Math.max(1, Math.floor(endMs - performance.now()));
  const askNext = async (isRepeat: boolean): Promise<AttemptEnd> => {
    const node = ring.pick(turn, asked);
    if (node === undefined) return notAsked(new NodeNotReadyError("No node is known."));
    asked.push(node);
    if (!(await slots.enter(node, leftMs(), signal))) return notAsked(tooMany(node));
    const end = await attempt({ ...call, node, leftMs: leftMs(), isRepeat });
    slots.leave(node);
    if (end.restMs > 0) ring.rest(node, end.restMs);
    return end;
  };
  let failure: ShardingError | null = null;
  for (;;) {
    const isRepeat = failure?.executed === "unknown";
    if (signal?.aborted) throw isRepeat ? failure : cancelled(request, signal);
    const end = await askNext(isRepeat);
    if (end.tag === "answered") return end.answer;
    if (!isRepeat || end.error.executed !== "no") failure = end.error;
    const waitMs = pauseMs(asked.length - ring.size);
    const isInTime = performance.now() + waitMs < endMs;
    if (!isInTime || !mayRepeat(end.error, key)) throw failure;
    await pause(waitMs, signal);
  }
}

const notAsked = (error: ShardingError): AttemptEnd => ({ tag: "failed", error, restMs: 0 });

const tooMany = (node: string): ShardingError =>
  new OverloadedError(`Too many commands of this client wait for ${node}; back off.`);

function mayRepeat({ executed, retryable }: ShardingError, key: string | undefined): boolean {
  if (executed === "unknown") return key !== undefined;
  return executed === "no" && retryable;
}

/** None until each node was asked once; then about 20 ms, doubling up to 320 ms, so that callers spread out. */
function pauseMs(rounds: number): number {
  return rounds < 0 ? 0 : 20 * 2 ** Math.min(rounds, 4) * (0.5 + Math.random() / 2);
}

/** Ends early, and not with an error, when the signal is aborted. */
async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  if (ms === 0) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  const wake = (): void => resolve();
  signal?.addEventListener("abort", wake);
  await promise;
  clearTimeout(timer);
  signal?.removeEventListener("abort", wake);
}

function cancelled({ type, id, command }: AskRequest, { reason }: AbortSignal): CancelledError {
  const error = new CancelledError(`${type}/${id}.${command} is cancelled; it was not executed.`);
  error.cause = reason;
  return error;
}
