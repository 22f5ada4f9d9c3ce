import type { LabScenario, ParamValues, ScenarioParam } from "../../../wire/lab.ts";

/** What stands in a form's fields: text, until it is sent. */
export type Typed = Readonly<Record<string, string>>;

/** The defaults, with what an earlier run had where it fits a field. */
export const typedOf = (scenario: LabScenario, before: ParamValues = {}): Typed =>
  Object.fromEntries(
    scenario.params.map((it) => [it.name, show(it, before[it.name] ?? it.initial)]),
  );

/** Times are typed in seconds. */
const show = (param: ScenarioParam, value: string | number): string =>
  param.kind === "ms" && typeof value === "number" ? String(value / 1000) : String(value);

export type Params =
  | { readonly ok: true; readonly values: ParamValues }
  /** By the field's name. */
  | { readonly ok: false; readonly wrong: Readonly<Record<string, string>> };

/** Reads the fields. What only the server can know (is there such a shard?) it says itself. */
export function paramsOf({ params }: LabScenario, typed: Typed): Params {
  const values: Record<string, string | number> = {};
  const wrong: Record<string, string> = {};
  for (const it of params) {
    const text = (typed[it.name] ?? "").trim();
    const read = readOne(it, text);
    if (typeof read === "object") wrong[it.name] = read.wrong;
    else values[it.name] = read;
  }
  return Object.keys(wrong).length > 0 ? { ok: false, wrong } : { ok: true, values };
}

function readOne(it: ScenarioParam, text: string): string | number | { readonly wrong: string } {
  switch (it.kind) {
    case "shard":
      return /^[^/\s]+\/\d+$/.test(text) ? text : { wrong: "A shard is group/number." };
    case "node":
    case "choice":
      return it.choices.includes(text) ? text : { wrong: `One of ${it.choices.join(", ")}.` };
    case "ms":
    case "count": {
      const unit = it.kind === "ms" ? 1000 : 1;
      const value = text === "" ? Number.NaN : Number(text) * unit;
      const isWhole = it.kind === "ms" || Number.isInteger(value);
      if (isWhole && value >= it.min && value <= it.max) return Math.round(value);
      const named = it.kind === "ms" ? " seconds" : "";
      return { wrong: `From ${it.min / unit} to ${it.max / unit}${named}.` };
    }
    default:
      return it satisfies never;
  }
}
