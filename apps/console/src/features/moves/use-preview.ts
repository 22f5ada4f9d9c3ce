"use client";
import { useCallback, useEffect, useRef, useState } from "react";
import { sendCommand } from "../../live/send-command.ts";
import type { PlanRequest, Problem } from "../../wire/commands.ts";
import type { PreviewAnswer } from "../../wire/plan-preview.ts";
import { queryOf } from "./request.model.ts";

/** A knob that is turned asks once it rests for so long. @unit milliseconds */
const restMs = 150;

export interface Preview {
  /** The latest answer; the one before stays while the next is on its way, so that nothing jumps. */
  readonly answer: PreviewAnswer | null;
  /** From asking to the answer, as this page saw it. @unit milliseconds */
  readonly tookMs: number;
  readonly problem: Problem | null;
  readonly isAsking: boolean;
}

/** Looks at a plan again whenever its request changes, and when `again` is called. */
export function usePreview(request: PlanRequest): Preview & { again(): void } {
  const [preview, setPreview] = useState<Preview>(nothing);
  const latest = useRef(0);
  const key = queryOf(request);
  const wanted = useRef(request);
  wanted.current = request;
  const ask = useCallback(async (): Promise<void> => {
    latest.current += 1;
    const turn = latest.current;
    setPreview((before) => ({ ...before, isAsking: true }));
    const startMs = performance.now();
    const outcome = await sendCommand<PreviewAnswer>({ kind: "preview", request: wanted.current });
    // A knob has been turned since: that answer is the one to show.
    if (turn !== latest.current) return;
    const tookMs = performance.now() - startMs;
    setPreview((before) =>
      outcome.ok
        ? { answer: outcome.body, tookMs, problem: null, isAsking: false }
        : { ...before, problem: outcome.problem, isAsking: false },
    );
  }, []);
  useEffect(() => {
    const timer = setTimeout(() => void ask(), latest.current === 0 ? 0 : restMs);
    return () => clearTimeout(timer);
  }, [key, ask]);
  return { ...preview, again: () => void ask() };
}

const nothing: Preview = { answer: null, tookMs: 0, problem: null, isAsking: true };
