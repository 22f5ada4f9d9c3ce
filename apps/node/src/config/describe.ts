import { type SettingName, settings } from "../config.ts";
import type { Setting } from "./setting.ts";

const rows = Object.entries(settings) as [SettingName, Setting<unknown>][];

/** What a row defaults to, in words. */
function defaultOf(row: Setting<unknown>): string {
  if (row.required === true) return "required";
  return row.default ?? row.unset ?? "none";
}

/** One setting for `--help`. */
export const helpOf = (row: Setting<unknown>): string =>
  `${row.about} Must be ${row.accepts}. [env ${row.env}] [default: ${defaultOf(row)}]`;

/** The table in docs/configuration.md; describe.test.ts fails when the page is another one. */
export function settingsAsMarkdown(): string {
  const lines = rows.map(
    ([, row]) =>
      `| \`${row.env}\` | \`--${row.flag}\` | ${row.about} | ${row.accepts} | ${defaultOf(row)} |`,
  );
  return [
    "| variable | flag | meaning | accepts | default |",
    "|---|---|---|---|---|",
    ...lines,
    "",
  ].join("\n");
}
