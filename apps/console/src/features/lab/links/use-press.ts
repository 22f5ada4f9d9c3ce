import { useState } from "react";
import { toast } from "sonner";
import { problemText, sendCommand } from "../../../live/send-command.ts";
import type { LinkCell } from "./links.model.ts";
import type { Press } from "./press.model.ts";

/** An answer comes before the node's next words, and a press must not look undone between them. @unit milliseconds */
const settleMs = 1500;

/** Carries out presses on links. A pressed cell waits until what is set on it has changed. */
export function usePress(): {
  readonly isPending: (cell: LinkCell) => boolean;
  readonly press: (cell: LinkCell, press: Press) => Promise<void>;
} {
  const [pending, setPending] = useState<ReadonlyMap<string, string>>(new Map());
  const forget = (key: string): void =>
    setPending((before) => new Map([...before].filter(([it]) => it !== key)));
  const press = async (cell: LinkCell, it: Press): Promise<void> => {
    if (!it.ok) {
      toast.error(`Not set: ${it.why}.`);
      return;
    }
    const key = keyOf(cell);
    setPending((before) => new Map(before).set(key, faultsOf(cell)));
    const outcomes = await Promise.all(it.commands.map((command) => sendCommand(command)));
    const failed = outcomes.find((outcome) => !outcome.ok);
    if (failed !== undefined) {
      forget(key);
      toast.error(problemText(failed.problem));
      return;
    }
    toast.success(it.done);
    setTimeout(() => forget(key), settleMs);
  };
  return { isPending: (cell) => pending.get(keyOf(cell)) === faultsOf(cell), press };
}

const keyOf = ({ from, to }: LinkCell): string => `${from} ${to}`;
const faultsOf = ({ faults }: LinkCell): string => faults.map((it) => it.id).join(" ");
