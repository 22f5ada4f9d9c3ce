import { Ellipsis, Search } from "lucide-react";
import Link from "next/link";
import { useRef, useState } from "react";
import { openPalette } from "../palette/palette-host.tsx";
import { type PageLink, settingsPage } from "./pages.ts";

/** On a phone the pages that have no tab of their own, in a sheet above the tabs. */
export function MorePages(props: {
  readonly pages: readonly PageLink[];
  readonly section: string;
}) {
  const sheet = useRef<HTMLDivElement>(null);
  // Only what is open has its links: closed, each page would be there twice.
  const [isOpen, setOpen] = useState(false);
  const all = [...props.pages, settingsPage];
  const isHere = all.some((it) => it.page === props.section);
  const close = (): void => sheet.current?.hidePopover();
  return (
    <div className="hidden flex-1 phone:block">
      <button
        type="button"
        className="nav-more"
        popoverTarget="more-pages"
        data-here={isHere}
        data-testid="nav-more"
      >
        <Ellipsis className="icon size-4 flex-none" strokeWidth={1.6} aria-hidden />
        <span>More</span>
      </button>
      <div
        ref={sheet}
        id="more-pages"
        popover="auto"
        className="nav-sheet"
        data-testid="nav-sheet"
        onBeforeToggle={(event) => setOpen(event.newState === "open")}
      >
        <button
          type="button"
          onClick={() => {
            close();
            openPalette();
          }}
        >
          <Search className="icon size-4 flex-none" strokeWidth={1.6} aria-hidden />
          Find or run
        </button>
        {isOpen &&
          all.map(({ page, href, title, icon: Icon }) => (
            <Link
              key={page}
              href={href}
              aria-current={page === props.section ? "page" : undefined}
              onClick={close}
            >
              <Icon className="icon size-4 flex-none" strokeWidth={1.6} aria-hidden />
              {title}
            </Link>
          ))}
      </div>
    </div>
  );
}
