"use client";
import { useState } from "react";
import { runCommand } from "../../live/run-command.ts";
import { plural } from "../../live/say.ts";
import { Button } from "../../ui/button.tsx";
import { ConfirmDialog } from "../../ui/confirm-dialog.tsx";
import type { DaemonView } from "../../wire/daemons-view.ts";

interface ScaleProps {
  readonly daemon: DaemonView;
  readonly off: string | null;
  readonly scaled: () => void;
}

/** How many workers a daemon shall have is an operator's to say. */
export function Scale(props: ScaleProps) {
  const [isAsking, setAsking] = useState(false);
  return (
    <>
      <Button off={props.off} testId="scale" onClick={() => setAsking(true)}>
        Scale…
      </Button>
      {isAsking && <ScaleDialog {...props} close={() => setAsking(false)} />}
    </>
  );
}

function ScaleDialog({ daemon, off, scaled, close }: ScaleProps & { readonly close: () => void }) {
  const [text, setText] = useState(String(daemon.workers));
  const workers = /^\d{1,9}$/.test(text) ? Number(text) : null;
  const confirm = async (): Promise<void> => {
    if (workers === null) return;
    const done = `${daemon.daemon} has ${plural(workers, "worker")} from now on.`;
    await runCommand({ kind: "scale", daemon: daemon.daemon, workers }, done);
    scaled();
  };
  const step = (by: number): void => setText(String(Math.max(0, (workers ?? 0) + by)));
  return (
    <ConfirmDialog
      isOpen
      title={`Scale ${daemon.daemon}?`}
      verb={workers === null ? "Scale" : `Scale to ${plural(workers, "worker")}`}
      off={off ?? whyNot(daemon, workers)}
      close={close}
      confirm={confirm}
    >
      <div className="flex items-center gap-1.5">
        <Button aria-label="One worker less" disabled={workers === 0} onClick={() => step(-1)}>
          −
        </Button>
        <input
          className="inp w-20 text-center font-mono"
          aria-label="Workers"
          inputMode="numeric"
          autoComplete="off"
          value={text}
          onChange={(event) => setText(event.target.value.trim())}
        />
        <Button aria-label="One worker more" onClick={() => step(1)}>
          +
        </Button>
        <span className="text-2 ml-1.5 text-fg-2">{plural(daemon.workers, "worker")} now</span>
      </div>
      <p className="min-h-10">{effectOf(daemon.workers, workers)}</p>
    </ConfirmDialog>
  );
}

function whyNot({ workers }: DaemonView, wanted: number | null): string | null {
  if (wanted === null) return "that is no whole number";
  return wanted === workers ? `it has ${plural(workers, "worker")}` : null;
}

function effectOf(now: number, wanted: number | null): string {
  if (wanted === null) return "How many workers there shall be, in digits.";
  if (wanted === now) return "Nothing changes.";
  const [from, to] = wanted > now ? [now, wanted - 1] : [wanted, now - 1];
  const who = from === to ? `Worker ${from}` : `Workers ${from} to ${to}`;
  if (wanted > now) {
    const verb = from === to ? "starts" : "start";
    return `${who} ${verb}, where the fewest are. The others go on as they are.`;
  }
  const verb = from === to ? "is" : "are";
  const rest = wanted === 0 ? "" : " The others go on as they are.";
  return `${who} ${verb} told to stop, and not started anywhere else.${rest}`;
}
