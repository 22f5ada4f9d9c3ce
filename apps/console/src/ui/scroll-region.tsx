import type { ReactNode } from "react";

/** A region that scrolls by itself, reachable by keyboard: otherwise its far side is out of reach. */
export function ScrollRegion(props: { readonly label: string; readonly children: ReactNode }) {
  const reachable = { tabIndex: 0 };
  return (
    <section aria-label={props.label} className="overflow-x-auto" {...reachable}>
      {props.children}
    </section>
  );
}
