import { type RefObject, useRef } from "react";
import { useKey } from "./use-key.ts";

/** The page's filter: its field takes this ref, and the key leads there. */
export function useFilterKey(): RefObject<HTMLInputElement | null> {
  const field = useRef<HTMLInputElement>(null);
  useKey("filter", () => {
    field.current?.focus();
    field.current?.select();
  });
  return field;
}
