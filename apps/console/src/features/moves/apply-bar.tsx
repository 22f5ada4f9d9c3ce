"use client";
import { type FormEvent, type ReactNode, useId, useRef, useState } from "react";
import { useLive, useOff } from "../../live/use-live.ts";
import { Button } from "../../ui/button.tsx";
import { Glyph } from "../../ui/glyph.tsx";
import { environmentKind, useEnvironment } from "../frame/environment.ts";

/** The cluster that this page acts on, and how its environment is called. */
export function useWhere(): { readonly environment: string; readonly cluster: string } {
  const { name, cluster } = useEnvironment();
  return { environment: name, cluster: useLive((it) => it.meta?.cluster) ?? cluster };
}

/**
 * Applies a plan once the cluster's name is typed: many shards move by it, and the wrong cluster is the mistake that
 * hurts most. Enter, a click and a second click are one.
 */
export function ApplyBar(props: {
  readonly verb: string;
  /** Why it cannot be applied now. */
  readonly off: string | null;
  readonly children: ReactNode;
  apply(): Promise<void>;
}) {
  const { environment, cluster } = useWhere();
  const off = useOff() ?? props.off;
  const [text, setText] = useState("");
  const [isBusy, setBusy] = useState(false);
  const hasBegun = useRef(false);
  const field = useId();
  const reason = useId();
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    if (off !== null || text !== cluster || hasBegun.current) return;
    hasBegun.current = true;
    setBusy(true);
    await props.apply();
    hasBegun.current = false;
    setBusy(false);
    setText("");
  };
  return (
    <form
      className="sticky bottom-0 z-2 flex flex-wrap items-center gap-x-2.5 gap-y-2 border-line-2 border-t bg-bg-1 px-(--gutter) py-3"
      aria-label="Apply the plan"
      onSubmit={(event) => void submit(event)}
    >
      <span
        className="env-tag inline-flex h-6 w-auto! items-center rounded-1 px-1.5"
        data-env={environmentKind(environment)}
      >
        {environment.toUpperCase()}
      </span>
      <span className="text-2 min-w-0 phone:hidden">{props.children}</span>
      <span className="flex-1 phone:hidden" />
      {off !== null && (
        <span id={reason} className="text-2 text-fg-2" data-testid="apply-off">
          <Glyph name="lock" className="mr-1 size-2.5" />
          {off}
        </span>
      )}
      <label className="text-2" htmlFor={field}>
        Type <b className="n font-medium text-fg-0">{cluster}</b> to apply
      </label>
      <input
        id={field}
        className="inp w-36 font-mono phone:flex-1"
        value={text}
        disabled={isBusy}
        autoComplete="off"
        spellCheck={false}
        data-testid="apply-typed"
        onChange={(event) => setText(event.target.value)}
      />
      <Button
        kind="primary"
        submits
        off={off}
        disabled={text !== cluster || isBusy}
        testId="plan-apply"
      >
        {isBusy ? "Applying" : props.verb}
      </Button>
    </form>
  );
}
