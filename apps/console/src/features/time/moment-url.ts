import type { Pos } from "../../wire/tape.ts";

const at = "at";

/** The address of a page at a moment; null: at present. Whatever else it says stays. */
export function momentUrl(href: string, pos: Pos | null): string {
  const url = new URL(href);
  if (pos === null) url.searchParams.delete(at);
  else url.searchParams.set(at, String(pos));
  return url.href;
}

/** The moment that an address names: null for the present, `malformed` for what no console ever wrote. */
export function momentOf(href: string): Pos | null | "malformed" {
  const text = new URL(href).searchParams.get(at);
  if (text === null) return null;
  const pos = Number(text);
  return /^\d{1,15}$/.test(text) && Number.isSafeInteger(pos) ? pos : "malformed";
}
