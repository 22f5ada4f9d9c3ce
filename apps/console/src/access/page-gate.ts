import type { IncomingMessage } from "node:http";
import type { Caller } from "./access.ts";

/** What the sign-in page itself is made of. */
const isForAnybody = (path: string): boolean =>
  path === "/sign-in" || path.startsWith("/_next/") || path.startsWith("/icon");

/**
 * Where a browser that is not signed in goes instead of a page; null: on. Pages hold nothing that is worth
 * guarding, since all that they show comes over the socket and the API: this only spares people an empty one.
 *
 * Parts of pages, which a page asks for by itself, are refused: it then loads the whole page, and comes here again.
 */
export function placeInstead(request: IncomingMessage, caller: Caller): string | null {
  const url = request.url ?? "/";
  const path = url.split("?")[0] ?? "/";
  if (caller.tag === "actor" || isForAnybody(path)) return null;
  return url === "/" ? "/sign-in" : `/sign-in?${new URLSearchParams({ to: url })}`;
}

/** Next.js asks so for a part of a page. */
export const isPartOfPage = (request: IncomingMessage): boolean =>
  request.headers["rsc"] !== undefined;
