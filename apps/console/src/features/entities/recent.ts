import { useEffect, useState } from "react";
import type { EntityAddress } from "../../wire/entity-view.ts";

const key = "entities";
const limit = 8;

/** The look-ups before, newest first, kept in this browser. Those that found nothing are not kept. */
export function useRecent(found: EntityAddress | null): readonly EntityAddress[] {
  const [recent, setRecent] = useState<readonly EntityAddress[]>([]);
  const { namespace = "", type = "", id = "" } = found ?? {};
  useEffect(() => {
    const kept = readRecent(() => localStorage.getItem(key));
    const all = id === "" ? kept : withRecent(kept, { namespace, type, id });
    setRecent(all);
    if (id !== "") save(all);
  }, [namespace, type, id]);
  return recent;
}

export const withRecent = (
  kept: readonly EntityAddress[],
  it: EntityAddress,
): readonly EntityAddress[] =>
  [it, ...kept.filter((other) => nameOf(other) !== nameOf(it))].slice(0, limit);

/** What was kept, as far as it still means something: another version may have written it. */
export function readRecent(read: () => string | null): readonly EntityAddress[] {
  try {
    const kept: unknown = JSON.parse(read() ?? "[]");
    return Array.isArray(kept) ? kept.filter(isAddress).slice(0, limit) : [];
  } catch {
    // Nothing may be kept for this site, or it is no JSON: both are as if nothing had been looked up.
    return [];
  }
}

/** `account/alice`, with its namespace where that is not the usual one. */
export const nameOf = ({ namespace, type, id }: EntityAddress): string =>
  namespace === "default" ? `${type}/${id}` : `${namespace}/${type}/${id}`;

function save(all: readonly EntityAddress[]): void {
  try {
    localStorage.setItem(key, JSON.stringify(all));
  } catch {
    // They last as long as this page.
  }
}

const isAddress = (it: unknown): it is EntityAddress =>
  typeof it === "object" &&
  it !== null &&
  ["namespace", "type", "id"].every((name) => {
    const value = (it as Readonly<Record<string, unknown>>)[name];
    return typeof value === "string" && value !== "";
  });
