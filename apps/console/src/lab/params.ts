import type { ParamValues, ScenarioParam } from "../wire/lab.ts";

/** What a scenario is run with, or what is wrong with what was given. */
export type CheckedParams =
  | { readonly ok: true; readonly values: ParamValues }
  | { readonly ok: false; readonly wrong: readonly string[] };

/**
 * Fills in what was left out, and takes numbers that arrive as text.
 *
 * @param shards the shards that have an owner, as `group/number`.
 */
export function checkParams(
  params: readonly ScenarioParam[],
  given: ParamValues,
  shards: ReadonlySet<string>,
): CheckedParams {
  const known = new Set(params.map((it) => it.name));
  const wrong = Object.keys(given)
    .filter((name) => !known.has(name))
    .map((name) => `${name}: there is no such parameter.`);
  const values: Record<string, string | number> = {};
  for (const param of params) {
    const raw = given[param.name];
    const value = raw === undefined || raw === "" ? param.initial : raw;
    const why = whyNot(param, value, shards);
    if (why === null) values[param.name] = isNumeric(param) ? Number(value) : String(value);
    else wrong.push(`${param.name}: ${why}`);
  }
  return wrong.length > 0 ? { ok: false, wrong } : { ok: true, values };
}

type NumericParam = Extract<ScenarioParam, { readonly kind: "ms" | "count" }>;

const isNumeric = (param: ScenarioParam): param is NumericParam =>
  param.kind === "ms" || param.kind === "count";

function whyNot(
  param: ScenarioParam,
  value: string | number,
  shards: ReadonlySet<string>,
): string | null {
  if (isNumeric(param)) {
    const number = Number(value);
    if (Number.isInteger(number) && number >= param.min && number <= param.max) return null;
    return `it has to be a whole number from ${param.min} to ${param.max}.`;
  }
  if (param.kind === "shard") {
    return shards.has(String(value)) ? null : `no shard ${JSON.stringify(value)} has an owner.`;
  }
  if (param.choices.includes(String(value))) return null;
  return `it has to be one of ${param.choices.join(", ")}.`;
}
