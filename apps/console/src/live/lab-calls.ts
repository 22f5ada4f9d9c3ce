import type {
  LabPreview,
  LabRun,
  LabView,
  ParamValues,
  RunSummary,
  ScenarioId,
  StartRun,
} from "../wire/lab.ts";
import { act, call, type Outcome } from "./send-command.ts";

/** The lab's part of the console's server; what each answers and refuses is in wire/lab.ts. */
export const readLab = (): Promise<Outcome<LabView>> => call("GET", "/api/lab");

/** What a run would do with these parameters, now. */
export function previewRun(
  scenario: ScenarioId,
  params: ParamValues,
): Promise<Outcome<LabPreview>> {
  const values = Object.entries(params).map(([name, value]) => [name, String(value)]);
  const query = new URLSearchParams([["scenario", scenario], ...values]);
  return call("GET", `/api/lab/preview?${query}`);
}

export const startRun = (run: StartRun): Promise<Outcome<LabRun>> =>
  act("POST", "/api/lab/runs", run);

export const readRuns = (): Promise<Outcome<{ readonly runs: readonly RunSummary[] }>> =>
  call("GET", "/api/lab/runs");

export const readRun = (id: string): Promise<Outcome<LabRun>> =>
  call("GET", `/api/lab/runs/${encodeURIComponent(id)}`);

/** Ends the run and heals everything that it set. */
export const stopRun = (id: string): Promise<Outcome<LabRun>> =>
  act("POST", `/api/lab/runs/${encodeURIComponent(id)}/stop`, {});
