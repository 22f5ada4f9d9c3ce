"use client";
import { Contrast } from "lucide-react";
import { isDarkNow, prefer } from "../settings/preferences.ts";

const toggleTheme = (): void => prefer("theme", isDarkNow() ? "light" : "dark");

export function ThemeToggle() {
  return (
    <button
      type="button"
      className="btn w-(--ctl) px-0 phone:hidden"
      data-kind="ghost"
      aria-label="Switch theme"
      data-testid="theme-toggle"
      onClick={toggleTheme}
    >
      <Contrast className="size-4" strokeWidth={1.6} aria-hidden />
    </button>
  );
}
