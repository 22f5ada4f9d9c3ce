import Link from "next/link";
import type { DivergenceSummary } from "../../live/differences.ts";
import { count, plural } from "../../live/say.ts";
import { useLive, useSummary } from "../../live/use-live.ts";
import { Glyph } from "../../ui/glyph.tsx";
import type { GlyphName } from "../../ui/glyph-paths.ts";
import type { Tone } from "../../ui/tone.ts";
import { HealAll } from "../faults/heal-all.tsx";
import { PaletteButton } from "../palette/palette-button.tsx";
import { WhoMenu } from "../session/who.tsx";
import { ConnectionPill } from "./connection-pill.tsx";
import { PauseButton } from "./pause-button.tsx";
import { ThemeToggle } from "./theme-toggle.tsx";

export function TopBar() {
  return (
    <div className="top">
      <Link className="brand" href="/" aria-label="Leasehold, overview">
        <svg viewBox="0 0 18 18" fill="none" aria-hidden="true" className="size-[18px]">
          <path
            d="M2 2.5h4M2 2.5v13M2 15.5h4M16 2.5h-4M16 2.5v13M16 15.5h-4"
            stroke="currentColor"
            strokeWidth="1.6"
          />
          <rect x="6.4" y="6.4" width="5.2" height="5.2" fill="currentColor" />
        </svg>
        <span>Leasehold</span>
      </Link>
      <div className="rail">
        <ConnectionPill />
        <InvariantPill />
        <DivergencePill />
        <HealAll />
      </div>
      <span className="flex-1" />
      <PaletteButton />
      <PauseButton />
      <ThemeToggle />
      <WhoMenu />
    </div>
  );
}

function DivergencePill() {
  const divergence = useSummary()?.divergence ?? null;
  const { glyph, tone } = divergenceLook(divergence);
  return (
    <Link
      className="pill"
      href="/divergence"
      data-tone={tone === "danger" ? "danger" : undefined}
      data-testid="divergence-pill"
      data-count={divergence?.total}
      aria-label={
        divergence === null ? "Divergence unknown" : plural(divergence.total, "divergence")
      }
    >
      <Glyph name={glyph} tone={tone} />
      <b className="n">{divergence === null ? "–" : count(divergence.total)}</b>
      <span className="small:hidden">divergent</span>
    </Link>
  );
}

function divergenceLook(it: DivergenceSummary | null): {
  readonly glyph: GlyphName;
  readonly tone: Tone;
} {
  if (it === null) return { glyph: "question", tone: "unknown" };
  if (it.total === 0) return { glyph: "agree", tone: "stable" };
  return it.danger > 0 ? { glyph: "tri", tone: "danger" } : { glyph: "clock", tone: "warning" };
}

function InvariantPill() {
  const invariants = useLive((it) => it.summary?.invariants ?? null);
  const broken = invariants?.filter((it) => it.verdict === "violated").length ?? 0;
  const holding = invariants?.filter((it) => it.verdict === "holds").length ?? 0;
  const isKnown = invariants !== null;
  return (
    <Link
      className="pill phone:hidden"
      href="/#invariants"
      data-tone={broken > 0 ? "danger" : undefined}
      data-testid="invariant-pill"
      title="Invariants that this console can observe"
    >
      <Glyph
        name={!isKnown ? "question" : broken > 0 ? "tri" : "check"}
        tone={!isKnown ? "unknown" : broken > 0 ? "danger" : "stable"}
      />
      <b className="n">{isKnown ? `${holding}/${invariants.length}` : "–"}</b>
      <span className="small:hidden">hold</span>
    </Link>
  );
}
