import { usePathname } from "next/navigation";
import { useEffect, useRef } from "react";
import { momentOf, momentUrl } from "./moment-url.ts";
import { time, useTime } from "./time.ts";

/** Scrubbing must not write the address a hundred times a second: browsers refuse that. @unit milliseconds */
const settleMs = 200;

/** Keeps the address and the cursor one: a copied address, Back and Forward go to the moment that they name. */
export function useMomentUrl(): void {
  const pos = useTime((it) => it.cursor?.pos ?? null);
  const isPlaying = useTime((it) => it.isPlaying);
  const isRefused = useTime((it) => it.problem !== null);
  const path = usePathname();
  useEffect(() => {
    const follow = (): void => {
      const wanted = momentOf(window.location.href);
      if (wanted === "malformed") time.refuse(window.location.search);
      else if (wanted === null) time.toPresent();
      else time.goTo(wanted).catch((error: unknown) => time.fail(error));
    };
    if (momentOf(window.location.href) !== null) follow();
    window.addEventListener("popstate", follow);
    return () => window.removeEventListener("popstate", follow);
  }, []);
  const written = useRef(path);
  useEffect(() => {
    if (isPlaying) return;
    const write = (): void => {
      // An address that could not be followed stays as it came, so that it can be tried again.
      if (pos === null && isRefused) return;
      const href = momentUrl(window.location.href, pos);
      if (href !== window.location.href) writeAddress(href);
    };
    // A link to another page names no moment: until it does again, a reload would lead to the present.
    if (written.current !== path) write();
    written.current = path;
    const timer = setTimeout(write, settleMs);
    return () => clearTimeout(timer);
  }, [pos, path, isPlaying, isRefused]);
}

/**
 * Not by `window.history.replaceState`: the router of the pages listens to that, and takes it for a wish to be where
 * the address is, which would end a navigation that is under way. Its own state stays as it is.
 */
function writeAddress(href: string): void {
  History.prototype.replaceState.call(window.history, window.history.state, "", href);
}
