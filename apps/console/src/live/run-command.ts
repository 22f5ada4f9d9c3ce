import { toast } from "sonner";
import type { Command } from "../wire/commands.ts";
import { problemText, sendCommand } from "./send-command.ts";

/** Carries out an operator's own action and tells its outcome, once. Null when it failed. */
export async function runCommand<T>(command: Command, done: string): Promise<T | null> {
  const outcome = await sendCommand<T>(command);
  if (!outcome.ok) {
    toast.error(problemText(outcome.problem));
    return null;
  }
  toast.success(done);
  return outcome.body;
}
