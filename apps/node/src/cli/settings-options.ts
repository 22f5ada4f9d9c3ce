import { type Command, Option } from "commander";
import { helpOf } from "../config/describe.ts";
import type { Setting } from "../config/setting.ts";
import { type SettingName, settings } from "../config.ts";

/** Adds settings as flags, with the help of the table. Values stay text: `readConfig` checks them. */
export function addSettings(command: Command, names: readonly SettingName[]): Command {
  for (const name of names) {
    const row: Setting<unknown> = settings[name];
    const value = row.bare === undefined ? "<value>" : "[value]";
    const option = new Option(`--${row.flag} ${value}`, helpOf(row));
    command.addOption(row.bare === undefined ? option : option.preset(row.bare));
  }
  return command;
}

export const allSettings = Object.keys(settings) as readonly SettingName[];
