import type { KeyboardEvent } from "react";

/** ↑ and ↓ lead from the focused row's link or button to the next row's, Home and End to the ends. */
export function walkRows(event: KeyboardEvent<HTMLElement>): void {
  const row = (event.target as Element).closest("tr, li");
  if (row === null || (event.target as Element).matches("input, textarea, select")) return;
  const to = target(row, event.key);
  if (to === null) return;
  event.preventDefault();
  to.focus();
}

function target(row: Element, key: string): HTMLElement | null {
  const rows = [...(row.parentElement?.children ?? [])];
  const at = rows.indexOf(row);
  const wanted =
    key === "ArrowDown"
      ? rows.slice(at + 1)
      : key === "ArrowUp"
        ? rows.slice(0, at).reverse()
        : key === "Home"
          ? rows
          : key === "End"
            ? rows.toReversed()
            : [];
  for (const it of wanted) {
    const inside = it.querySelector<HTMLElement>("a, button");
    if (inside !== null) return inside;
  }
  return null;
}
