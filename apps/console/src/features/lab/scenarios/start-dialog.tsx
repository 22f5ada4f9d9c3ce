import { useState } from "react";
import { toast } from "sonner";
import { previewRun, startRun } from "../../../live/lab-calls.ts";
import { duration, plural } from "../../../live/say.ts";
import { problemText } from "../../../live/send-command.ts";
import { ConfirmDialog } from "../../../ui/confirm-dialog.tsx";
import { Glyph } from "../../../ui/glyph.tsx";
import type { LabPreview, LabRun, LabScenario, ParamValues } from "../../../wire/lab.ts";
import { useAnswer } from "../use-answer.ts";
import { useLabOff } from "../use-lab.ts";
import { newId } from "./new-id.ts";
import { ParamFields } from "./param-fields.tsx";
import { paramsOf, type Typed, typedOf } from "./params.model.ts";

/** Long enough for the next key, too short to be waited for. @unit milliseconds */
const typingMs = 250;

/** Asks before a run begins, with what it will touch now and what it must prove. */
export function StartDialog(props: {
  readonly scenario: LabScenario;
  /** Of the run that is done again. */
  readonly before?: ParamValues | undefined;
  close(): void;
  started(run: LabRun): void;
}) {
  const { scenario } = props;
  const [typed, setTyped] = useState<Typed>(() => typedOf(scenario, props.before));
  // One for the life of the question: sent twice, it starts one run.
  const [run] = useState(newId);
  const params = paramsOf(scenario, typed);
  const {
    value: preview,
    last,
    problem,
  } = useAnswer<LabPreview>(
    params.ok ? JSON.stringify(params.values) : null,
    () => previewRun(scenario.id, params.ok ? params.values : {}),
    typingMs,
  );
  const off = useStartOff(params.ok, preview, problem !== null);
  const confirm = async (): Promise<void> => {
    if (!params.ok) return;
    const outcome = await startRun({ run, scenario: scenario.id, params: params.values });
    if (outcome.ok) props.started(outcome.body);
    else toast.error(problemText(outcome.problem));
  };
  return (
    <ConfirmDialog
      isOpen
      title={`Run ${scenario.name}?`}
      verb={preview === null ? "Start" : `Start: ${plural(preview.blast.shards, "shard")}`}
      off={off}
      close={props.close}
      confirm={confirm}
    >
      <ParamFields
        scenario={scenario}
        typed={typed}
        wrong={params.ok ? {} : params.wrong}
        change={setTyped}
      />
      {problem !== null && (
        <p className="text-2 flex gap-2 text-danger-text" role="alert">
          <Glyph name="tri" tone="danger" className="mt-0.5" />
          {problemText(problem)}
        </p>
      )}
      {last !== null && (
        <div className={preview === null ? "opacity-50" : ""}>
          <Expectation preview={last} />
        </div>
      )}
    </ConfirmDialog>
  );
}

function useStartOff(isRead: boolean, preview: LabPreview | null, isRefused: boolean) {
  const off = useLabOff();
  if (off !== null) return off;
  if (!isRead) return "a field is wrong";
  if (isRefused) return "it is refused";
  if (preview === null) return "its reach is being counted";
  return preview.availability.available ? null : preview.availability.why;
}

/** What will be done, to how much, and what must be true of it. */
export function Expectation({ preview }: { readonly preview: LabPreview }) {
  const { blast, hypothesis, expectedMs } = preview;
  return (
    <div className="text-2 space-y-2.5 leading-[18px]" data-testid="expectation">
      <p>{preview.sentence}</p>
      <dl className="kv" style={{ gridTemplateColumns: "92px 1fr" }}>
        <dt>Touches</dt>
        <dd data-testid="blast">{blast.sentence}</dd>
        <dt>Takes about</dt>
        <dd className="n">{duration(expectedMs)}</dd>
        {blast.otherFaults.length > 0 && (
          <>
            <dt>Beside it</dt>
            <dd className="text-warning-text!">
              {plural(blast.otherFaults.length, "other fault")}: {blast.otherFaults.join(", ")}
            </dd>
          </>
        )}
      </dl>
      <div>
        <div className="text-fg-2">It must be true that</div>
        <ul className="list-disc pl-4" data-testid="hypothesis">
          {hypothesis.map((it) => (
            <li key={it}>{it}</li>
          ))}
        </ul>
      </div>
    </div>
  );
}
