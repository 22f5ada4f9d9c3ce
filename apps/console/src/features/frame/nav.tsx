import Link from "next/link";
import { count } from "../../live/say.ts";
import { useSummary } from "../../live/use-live.ts";
import { Glyph } from "../../ui/glyph.tsx";
import { LoadSlider } from "../load/load-slider.tsx";
import { pages, sectionOf } from "./pages.ts";

export function Nav({ page }: { readonly page: string }) {
  const section = sectionOf(page);
  return (
    <nav className="nav" aria-label="Main">
      {pages.map(({ page: name, href, title, icon: Icon }) => (
        <Link
          key={name}
          href={href}
          title={title}
          aria-current={name === section ? "page" : undefined}
          data-testid={`nav-${name}`}
        >
          <Icon className="icon size-4 flex-none" strokeWidth={1.6} aria-hidden />
          <span>{title}</span>
          <NavCount page={name} />
        </Link>
      ))}
      <div className="nav-foot">
        <LoadSlider />
      </div>
    </nav>
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
