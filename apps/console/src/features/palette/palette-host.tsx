"use client";
import dynamic from "next/dynamic";
import { useEffect, useState } from "react";
import { useKey } from "../keys/use-key.ts";

const load = () => import("./palette.tsx");

/** No part of what a page needs first. */
const Palette = dynamic(() => load().then((it) => it.Palette), { ssr: false });

/** What is typed while it is loaded goes astray, so it is there before it is asked for. @unit milliseconds */
const loadAfterMs = 1_000;

const openEvent = "leasehold-palette";

export const openPalette = (): void => void window.dispatchEvent(new Event(openEvent));

export function PaletteHost() {
  const [isOpen, setOpen] = useState(false);
  useKey("palette", () => setOpen(true));
  useEffect(() => {
    // If it fails now, it is tried again when it is opened, and fails where it can be seen.
    const timer = setTimeout(() => load().catch(() => {}), loadAfterMs);
    return () => clearTimeout(timer);
  }, []);
  useEffect(() => {
    const open = (): void => setOpen(true);
    window.addEventListener(openEvent, open);
    return () => window.removeEventListener(openEvent, open);
  }, []);
  return isOpen && <Palette close={() => setOpen(false)} />;
}
