import Link from "next/link";
import { count } from "../../live/say.ts";
import { useSummary } from "../../live/use-live.ts";
import { Glyph } from "../../ui/glyph.tsx";
import { LoadSlider } from "../load/load-slider.tsx";
import { MorePages } from "./more-pages.tsx";
import { type PageLink, pages, sectionOf, settingsPage } from "./pages.ts";

export function Nav({ page }: { readonly page: string }) {
  const section = sectionOf(page);
  return (
    <nav className="nav" aria-label="Main">
      {pages.map((it, at) => (
        <NavLink key={it.page} link={it} isHere={it.page === section} isTab={at < tabs} />
      ))}
      <MorePages pages={pages.slice(tabs)} section={section} />
      <span className="nav-rest phone:hidden" />
      <NavLink link={settingsPage} isHere={settingsPage.page === section} isTab={false} />
      <div className="nav-foot">
        <LoadSlider />
      </div>
    </nav>
  );
}

/** On a phone so many have a tab; the others are behind *More*. */
const tabs = 4;

function NavLink(props: {
  readonly link: PageLink;
  readonly isHere: boolean;
  readonly isTab: boolean;
}) {
  const { isHere } = props;
  const { page, href, title, icon: Icon } = props.link;
  return (
    <Link
      className={props.isTab ? undefined : "phone:hidden!"}
      href={href}
      title={title}
      aria-current={isHere ? "page" : undefined}
      data-testid={`nav-${page}`}
    >
      <Icon className="icon size-4 flex-none" strokeWidth={1.6} aria-hidden />
      <span>{title}</span>
      <NavCount page={page} />
    </Link>
  );
}

function NavCount({ page }: { readonly page: string }) {
  const summary = useSummary();
  if (summary === null) return null;
  if (page === "divergence" && summary.divergence.total > 0) {
    const isDanger = summary.divergence.danger > 0;
    return (
      <span className="nav-count">
        <Glyph
          name={isDanger ? "tri" : "clock"}
          tone={isDanger ? "danger" : "warning"}
          className="size-2.5"
        />
        <span>{count(summary.divergence.total)}</span>
      </span>
    );
  }
  if (page === "lab" && summary.faults.length > 0) {
    return (
      <span className="nav-count">
        <Glyph name="bolt" tone="warning" className="size-2.5" />
        <span>{count(summary.faults.length)}</span>
      </span>
    );
  }
  const moving = summary.totals.handingOff + summary.totals.starting;
  if (page === "moves" && moving > 0) {
    return (
      <span className="nav-count">
        <Glyph name="pie" tone="handoff" className="size-2.5" />
        <span>{count(moving)}</span>
      </span>
    );
  }
  return null;
}
