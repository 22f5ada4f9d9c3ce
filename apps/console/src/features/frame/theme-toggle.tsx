"use client";
import { Contrast } from "lucide-react";

import { themeEvent } from "./theme.ts";

export function ThemeToggle() {
  const toggle = (): void => {
    const root = document.documentElement;
    const theme = root.dataset["theme"] === "dark" ? "light" : "dark";
    root.dataset["theme"] = theme;
    try {
      localStorage.setItem("theme", theme);
    } catch {
      // A browser that keeps nothing still switches; it asks the system again next time.
    }
    window.dispatchEvent(new Event(themeEvent));
  };
  return (
    <button
      type="button"
      className="btn w-(--ctl) px-0 phone:hidden"
      data-kind="ghost"
      aria-label="Switch theme"
      data-testid="theme-toggle"
      onClick={toggle}
    >
      <Contrast className="size-4" strokeWidth={1.6} aria-hidden />
    </button>
  );
}
