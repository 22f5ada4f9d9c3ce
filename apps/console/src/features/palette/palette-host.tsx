"use client";
import dynamic from "next/dynamic";
import { useEffect, useState } from "react";
import { useKey } from "../keys/use-key.ts";

/** Loaded when it is first asked for: nobody pays for it who does not open it. */
const Palette = dynamic(() => import("./palette.tsx").then((it) => it.Palette), { ssr: false });

const openEvent = "leasehold-palette";

export const openPalette = (): void => void window.dispatchEvent(new Event(openEvent));

export function PaletteHost() {
  const [isOpen, setOpen] = useState(false);
  useKey("palette", () => setOpen(true));
  useEffect(() => {
    const open = (): void => setOpen(true);
    window.addEventListener(openEvent, open);
    return () => window.removeEventListener(openEvent, open);
  }, []);
  return isOpen && <Palette close={() => setOpen(false)} />;
}
