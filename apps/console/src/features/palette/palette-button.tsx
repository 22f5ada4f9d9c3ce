import { Search } from "lucide-react";
import { KeyCaps } from "../keys/key-caps.tsx";
import { keys } from "../keys/keys.ts";
import { openPalette } from "./palette-host.tsx";

export function PaletteButton() {
  return (
    <button
      type="button"
      className="btn mr-1 justify-start! px-2! font-normal! text-fg-2! mid:w-(--ctl) mid:justify-center! phone:hidden"
      aria-label="Find or run"
      aria-haspopup="dialog"
      data-testid="palette-button"
      onClick={openPalette}
    >
      <Search className="size-4 flex-none" strokeWidth={1.6} aria-hidden />
      <span className="inline-flex w-40 items-center justify-between mid:hidden">
        Find or run <KeyCaps caps={keys.palette.caps} />
      </span>
    </button>
  );
}
