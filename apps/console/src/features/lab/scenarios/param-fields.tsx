import { useId } from "react";
import { Segmented } from "../../../ui/segmented.tsx";
import type { LabScenario, ScenarioParam } from "../../../wire/lab.ts";
import type { Typed } from "./params.model.ts";

/** More choices than these do not fit beside one another. */
const segmentsUpTo = 4;

export function ParamFields(props: {
  readonly scenario: LabScenario;
  readonly typed: Typed;
  /** By the field's name. */
  readonly wrong: Readonly<Record<string, string>>;
  change(typed: Typed): void;
}) {
  if (props.scenario.params.length === 0) return null;
  return (
    <div className="flex flex-wrap gap-x-5 gap-y-3">
      {props.scenario.params.map((it) => (
        <ParamField
          key={it.name}
          param={it}
          value={props.typed[it.name] ?? ""}
          wrong={props.wrong[it.name]}
          change={(value) => props.change({ ...props.typed, [it.name]: value })}
        />
      ))}
    </div>
  );
}

function ParamField(props: {
  readonly param: ScenarioParam;
  readonly value: string;
  readonly wrong: string | undefined;
  change(value: string): void;
}) {
  const { param, value, wrong } = props;
  const field = useId();
  if ("choices" in param && param.choices.length <= segmentsUpTo) {
    const options = param.choices.map((it) => ({ value: it, label: it }));
    return (
      <div>
        <div className="text-2 mb-1 text-fg-2">{param.label}</div>
        <Segmented label={param.label} value={value} options={options} change={props.change} />
      </div>
    );
  }
  return (
    <div>
      <label className="text-2 mb-1 block text-fg-2" htmlFor={field}>
        {param.label}
        {param.kind === "ms" && ", in seconds"}
      </label>
      {"choices" in param ? (
        <select
          id={field}
          className="inp font-mono"
          value={value}
          onChange={(event) => props.change(event.target.value)}
        >
          {param.choices.map((it) => (
            <option key={it}>{it}</option>
          ))}
        </select>
      ) : (
        <input
          id={field}
          className="inp w-32 font-mono"
          inputMode={param.kind === "shard" ? "text" : "decimal"}
          value={value}
          aria-invalid={wrong !== undefined}
          aria-describedby={wrong === undefined ? undefined : `${field}-wrong`}
          autoComplete="off"
          spellCheck={false}
          onChange={(event) => props.change(event.target.value)}
        />
      )}
      {wrong !== undefined && (
        <p id={`${field}-wrong`} className="text-2 mt-1 text-danger-text">
          {wrong}
        </p>
      )}
    </div>
  );
}
