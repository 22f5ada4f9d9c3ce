"use client";
import { useRouter } from "next/navigation";
import { useEffect } from "react";
import { tinykeys } from "tinykeys";
import { pages } from "../frame/pages.ts";
import { usePreference } from "../settings/preferences.ts";
import { isShortcut, targetOf } from "./key-rules.ts";
import { type Key, type KeyId, keys, pageKey, pageOfLetter, pageSequence } from "./keys.ts";
import { keyRegistry } from "./use-key.ts";

/** Listens for the keys of the table, and takes each to whoever answers it. */
export function KeyListener() {
  const singleKeys = usePreference("keys") === "on";
  const router = useRouter();
  useEffect(() => {
    const stops = pages.map(({ page, href }) => {
      const id = pageKey(page);
      return id === null ? null : keyRegistry.add(id, () => router.push(href));
    });
    return () => {
      for (const stop of stops) stop?.();
    };
  }, [router]);
  useEffect(() => {
    const press = (id: KeyId | null, event: KeyboardEvent): void => {
      if (id !== null && keyRegistry.press(id)) event.preventDefault();
    };
    const all = Object.entries(keys) as [KeyId, Key][];
    const bindings = (isChord: boolean): Record<string, (event: KeyboardEvent) => void> =>
      Object.fromEntries(
        all
          .filter(([, it]) => (it.isChord ?? false) === isChord)
          .map(([id, it]) => [it.press, (event: KeyboardEvent) => press(id, event)]),
      );
    const singles = {
      ...bindings(false),
      [pageSequence]: (event: KeyboardEvent) => press(pageOfLetter(event.key), event),
    };
    const ignoring = (isChord: boolean) => ({
      ignore: (event: KeyboardEvent) =>
        event.defaultPrevented ||
        event.repeat ||
        !isShortcut({ key: event.key, isChord }, targetOf(document.activeElement), singleKeys),
    });
    const stops = [
      tinykeys(window, bindings(true), ignoring(true)),
      tinykeys(window, singles, ignoring(false)),
    ];
    return () => {
      for (const stop of stops) stop();
    };
  }, [singleKeys]);
  useEffect(() => {
    window.addEventListener("keydown", leaveField);
    return () => window.removeEventListener("keydown", leaveField);
  }, []);
  return null;
}

/** Esc gives the keyboard back to the page. A dialog answers it first and takes it. */
function leaveField(event: KeyboardEvent): void {
  if (event.key !== "Escape" || event.defaultPrevented) return;
  const { isField, isBehindDialog } = targetOf(document.activeElement);
  if (isField && !isBehindDialog) (document.activeElement as HTMLElement).blur();
}
