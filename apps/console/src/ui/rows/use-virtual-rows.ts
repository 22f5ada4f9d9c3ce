import { useVirtualizer, type VirtualItem } from "@tanstack/react-virtual";
import { type RefObject, useEffect, useRef, useState } from "react";
import { themeEvent } from "../../features/frame/theme.ts";

export interface VirtualRows {
  readonly scroller: RefObject<HTMLDivElement | null>;
  readonly items: readonly VirtualItem[];
  /** Heights of the rows above and below that are not drawn. @unit pixels */
  readonly above: number;
  readonly below: number;
}

/** The rows of a long table that can be seen, and a dozen around them. */
export function useVirtualRows(count: number): VirtualRows {
  const scroller = useRef<HTMLDivElement>(null);
  const rowHeight = useRowHeight();
  const virtual = useVirtualizer({
    count,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 12,
  });
  useEffect(() => virtual.measure(), [virtual, rowHeight]);
  const items = virtual.getVirtualItems();
  const above = items[0]?.start ?? 0;
  const below = virtual.getTotalSize() - (items.at(-1)?.end ?? 0);
  return { scroller, items, above, below };
}

/** As the style sheet has it: touch screens and the compact density have other rows. */
function useRowHeight(): number {
  const [height, setHeight] = useState(28);
  useEffect(() => {
    const read = (): void => {
      const row = getComputedStyle(document.documentElement).getPropertyValue("--row");
      setHeight(Number.parseFloat(row) || 28);
    };
    read();
    window.addEventListener(themeEvent, read);
    window.addEventListener("resize", read);
    return () => {
      window.removeEventListener(themeEvent, read);
      window.removeEventListener("resize", read);
    };
  }, []);
  return height;
}
