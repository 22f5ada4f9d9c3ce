"use client";
import dynamic from "next/dynamic";
import { useEffect, useState } from "react";
import { KeyListener } from "../keys/key-listener.tsx";
import { useKey } from "../keys/use-key.ts";
import { usePaletteCommands } from "../palette/commands.ts";
import { PaletteHost } from "../palette/palette-host.tsx";
import { followSystem, loadPreferences } from "../settings/preferences.ts";
import { frameCommands } from "./commands.ts";

const HelpDialog = dynamic(() => import("../keys/help-dialog.tsx").then((it) => it.HelpDialog), {
  ssr: false,
});

/** What makes every page quick to use: keys, palette, help, and one's own settings. */
export function Ease() {
  const [isHelpOpen, setHelpOpen] = useState(false);
  useKey("help", () => setHelpOpen(true));
  usePaletteCommands(frameCommands);
  useEffect(() => {
    loadPreferences();
    return followSystem();
  }, []);
  return (
    <>
      <KeyListener />
      <PaletteHost />
      {isHelpOpen && <HelpDialog isOpen close={() => setHelpOpen(false)} />}
    </>
  );
}
