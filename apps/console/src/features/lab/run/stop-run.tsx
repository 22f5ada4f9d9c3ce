import { useState } from "react";
import { toast } from "sonner";
import { stopRun } from "../../../live/lab-calls.ts";
import { problemText } from "../../../live/send-command.ts";
import { useLacks } from "../../../live/use-live.ts";
import { Button } from "../../../ui/button.tsx";
import type { LabRun } from "../../../wire/lab.ts";
import { commandNeeds } from "../../../wire/roles.ts";

/** Ends the run and heals what it set. On whenever the run is: stopping is never the dangerous thing. */
export function StopRun({ run }: { readonly run: LabRun }) {
  const [isBusy, setBusy] = useState(false);
  const lacks = useLacks(commandNeeds.heal);
  const stop = async (): Promise<void> => {
    setBusy(true);
    const outcome = await stopRun(run.id);
    setBusy(false);
    if (!outcome.ok) toast.error(problemText(outcome.problem));
    else toast.success("Stopped; its faults are healed.");
  };
  return (
    <Button off={lacks} disabled={isBusy} testId="stop-run" onClick={() => void stop()}>
      {isBusy ? "Stopping" : "Stop and heal"}
    </Button>
  );
}
