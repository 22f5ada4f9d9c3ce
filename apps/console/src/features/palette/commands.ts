import { useEffect } from "react";
import type { PaletteItem } from "./palette.model.ts";

/** Something that the palette can do; a feature that is there offers it. */
export interface PaletteCommand extends Omit<PaletteItem, "group" | "action"> {
  run(): void;
}

const offered = new Map<string, PaletteCommand>();

/** Offers commands while the component is there. The last offer of an id holds. */
export function usePaletteCommands(commands: readonly PaletteCommand[]): void {
  useEffect(() => {
    for (const it of commands) offered.set(it.id, it);
    return () => {
      for (const it of commands) if (offered.get(it.id) === it) offered.delete(it.id);
    };
  }, [commands]);
}

export const offeredCommands = (): readonly PaletteCommand[] => [...offered.values()];

export const runOffered = (id: string): void => offered.get(id)?.run();
