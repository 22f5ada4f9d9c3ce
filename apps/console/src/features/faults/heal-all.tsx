"use client";
import { useState } from "react";
import { toast } from "sonner";
import { mayAct } from "../../live/connection.ts";
import { duration, plural } from "../../live/say.ts";
import { problemText, sendCommand } from "../../live/send-command.ts";
import { useLacks, useLive } from "../../live/use-live.ts";
import { Glyph } from "../../ui/glyph.tsx";
import type { HealReport } from "../../wire/commands.ts";
import { commandNeeds } from "../../wire/roles.ts";

/** Heals whatever there is, and tells what came of it. Never throws. */
export async function healAll(): Promise<void> {
  const outcome = await sendCommand<HealReport>({ kind: "heal-all" });
  if (!outcome.ok) toast.error(problemText(outcome.problem));
  else tell(outcome.body);
}

/**
 * What is broken on purpose, and the one press that ends it. On every page, and never off for what the page knows: an
 * old view may hide a fault, so it offers to heal what it cannot see, and the answer says what was confirmed.
 */
export function HealAll() {
  const faultsOn = useLive((it) => it.meta?.faultsOn ?? false);
  const faults = useLive((it) => it.presentFaults);
  const isOld = useLive((it) => !mayAct(it.connection.state) || it.paused !== null);
  const [isHealing, setHealing] = useState(false);
  const lacks = useLacks(commandNeeds["heal-all"]);
  if (!faultsOn && faults.length === 0) {
    return (
      <span className="pill phone:hidden" title="The nodes were started with faults off">
        <Glyph name="lock" tone="unknown" />
        <span className="k">faults off</span>
      </span>
    );
  }
  if (faults.length === 0 && !isOld) {
    return (
      <span className="pill small:hidden" data-testid="fault-pill" data-count="0">
        <Glyph name="bolt" tone="unknown" />
        <span className="k">no faults</span>
      </span>
    );
  }
  const heal = async (): Promise<void> => {
    setHealing(true);
    await healAll();
    setHealing(false);
  };
  const isKnown = faults.length > 0;
  return (
    <span
      className="pill"
      data-tone={isKnown ? "warning" : "unknown"}
      data-testid="fault-pill"
      data-count={faults.length}
    >
      <Glyph name="bolt" tone={isKnown ? "warning" : "unknown"} className="phone:hidden" />
      <b className="phone:hidden">{isKnown ? plural(faults.length, "fault") : "faults unknown"}</b>
      {isKnown && (
        <span className="n text-fg-2 mid:hidden" title="Until the last one ends by itself">
          {duration(Math.max(...faults.map((it) => it.expiresInMs)))}
        </span>
      )}
      <button
        type="button"
        className="heal"
        data-testid="heal-all"
        aria-label={`Heal all faults (${isKnown ? faults.length : "unknown"})`}
        disabled={isHealing || lacks !== null}
        title={lacks === null ? undefined : `Off: ${lacks}`}
        onClick={() => void heal()}
      >
        {isHealing ? "Healing" : "Heal all"}
      </button>
    </span>
  );
}

function tell({ healed, confirmed, notConfirmed }: HealReport): void {
  const text = `Healed ${plural(healed, "fault")} on ${plural(confirmed.length, "node")}`;
  if (notConfirmed.length === 0) {
    toast.success(`${text}; all confirmed.`);
    return;
  }
  const names = notConfirmed.map((it) => `${it.nodeId}: ${it.why}`).join(" ");
  toast.warning(`${text}; ${notConfirmed.length} not confirmed.`, { description: names });
}
