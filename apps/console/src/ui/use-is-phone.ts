import { useSyncExternalStore } from "react";

/** As wide as the frame's own `phone` variant. */
const query = "(max-width: 560px)";

/** For what is another element on a phone, not the same one in another shape. */
export const useIsPhone = (): boolean =>
  useSyncExternalStore(
    listen,
    () => matchMedia(query).matches,
    () => false,
  );

function listen(tell: () => void): () => void {
  const media = matchMedia(query);
  media.addEventListener("change", tell);
  return () => media.removeEventListener("change", tell);
}
