import { healAll } from "../faults/heal-all.tsx";
import { keys } from "../keys/keys.ts";
import { keyRegistry } from "../keys/use-key.ts";
import type { PaletteCommand } from "../palette/commands.ts";
import { prefer } from "../settings/preferences.ts";
import { togglePause } from "./pause-button.tsx";

/** What can be done on every page. */
export const frameCommands: readonly PaletteCommand[] = [
  {
    id: "heal-all",
    title: "Heal all faults",
    glyph: "bolt",
    tone: "warning",
    keywords: "stop chaos end",
    run: () => void healAll(),
  },
  {
    id: "pause",
    title: "Pause, or go on live",
    glyph: "pause",
    keywords: "hold resume freeze",
    caps: keys.pause.caps,
    run: togglePause,
  },
  {
    id: "theme-light",
    title: "Light theme",
    keywords: "theme",
    run: () => prefer("theme", "light"),
  },
  { id: "theme-dark", title: "Dark theme", keywords: "theme", run: () => prefer("theme", "dark") },
  {
    id: "theme-system",
    title: "Theme of the system",
    keywords: "theme auto",
    run: () => prefer("theme", "system"),
  },
  {
    id: "keys",
    title: "All keys",
    keywords: "help shortcuts keyboard",
    caps: keys.help.caps,
    run: () => void keyRegistry.press("help"),
  },
];
