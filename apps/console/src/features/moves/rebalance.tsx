"use client";
import { useRouter } from "next/navigation";
import { useState } from "react";
import { runCommand } from "../../live/run-command.ts";
import { useOff } from "../../live/use-live.ts";
import { Button } from "../../ui/button.tsx";

/** Asks for a plan and shows it; nothing moves by this. */
export function Rebalance() {
  const router = useRouter();
  const off = useOff();
  const [isBusy, setBusy] = useState(false);
  const propose = async (): Promise<void> => {
    setBusy(true);
    const plan = await runCommand<{ planId: string; moves: readonly unknown[] }>(
      { kind: "propose", request: { kind: "rebalance" } },
      "Planned; nothing has moved yet.",
    );
    setBusy(false);
    if (plan !== null) router.push(`/moves?plan=${encodeURIComponent(plan.planId)}`);
  };
  return (
    <Button
      kind="primary"
      off={off}
      disabled={isBusy}
      testId="rebalance"
      onClick={() => void propose()}
    >
      {isBusy ? "Planning" : "Rebalance"}
    </Button>
  );
}
