"use client";
import { useStore } from "zustand";
import { createStore } from "zustand/vanilla";
import { themeEvent } from "../frame/theme.ts";

/** What one can choose, the default first. Each is kept in this browser, under its own name. */
export const choices = {
  theme: ["system", "light", "dark"],
  density: ["roomy", "compact"],
  keys: ["on", "off"],
} as const;

export type Preference = keyof typeof choices;
export type Preferences = { readonly [Name in Preference]: (typeof choices)[Name][number] };

const defaults: Preferences = { theme: "system", density: "roomy", keys: "on" };

/** Begins with the defaults, as the server renders them; the browser's own come with `loadPreferences`. */
const store = createStore<Preferences>(() => defaults);

export const usePreference = <Name extends Preference>(name: Name): Preferences[Name] =>
  useStore(store, (it) => it[name]);

export function loadPreferences(): void {
  store.setState(readPreferences((name) => localStorage.getItem(name)));
}

/** What was kept, as far as it still means something. */
export function readPreferences(read: (name: string) => string | null): Preferences {
  const kept: Record<string, string> = { ...defaults };
  for (const name of Object.keys(choices) as Preference[]) {
    const value = keptValue(read, name);
    if (value !== null && (choices[name] as readonly string[]).includes(value)) kept[name] = value;
  }
  return kept as Preferences;
}

function keptValue(read: (name: string) => string | null, name: string): string | null {
  try {
    return read(name);
  } catch {
    // A browser that keeps nothing for this site: its defaults hold.
    return null;
  }
}

export function prefer<Name extends Preference>(name: Name, value: Preferences[Name]): void {
  store.setState({ [name]: value } as Partial<Preferences>);
  try {
    if (value === defaults[name]) localStorage.removeItem(name);
    else localStorage.setItem(name, value);
  } catch {
    // It holds for as long as this page is open.
  }
  show(store.getState());
}

export const isDarkNow = (): boolean => document.documentElement.dataset["theme"] === "dark";

function show({ theme, density }: Preferences): void {
  const root = document.documentElement;
  const isLight = matchMedia("(prefers-color-scheme: light)").matches;
  root.dataset["theme"] = theme === "system" ? (isLight ? "light" : "dark") : theme;
  if (density === "compact") root.dataset["density"] = density;
  else delete root.dataset["density"];
  window.dispatchEvent(new Event(themeEvent));
}

/** Follows the system as long as nothing else was chosen. @returns ends it. */
export function followSystem(): () => void {
  const query = matchMedia("(prefers-color-scheme: light)");
  const follow = (): void => show(store.getState());
  query.addEventListener("change", follow);
  return () => query.removeEventListener("change", follow);
}
