import type { Invariant, Verdict } from "../../live/invariants.ts";
import { Glyph } from "../../ui/glyph.tsx";
import type { GlyphName } from "../../ui/glyph-paths.ts";
import type { Tone } from "../../ui/tone.ts";

const looks: Readonly<Record<Verdict, readonly [string, GlyphName, Tone]>> = {
  holds: ["holds", "check", "stable"],
  violated: ["violated", "tri", "danger"],
  waits: ["waits", "pie", "handoff"],
  unknown: ["not observed", "question", "unknown"],
};

/** What must never happen, as far as an observer can tell. A gap in observation is not a pass. */
export function Invariants({ invariants }: { readonly invariants: readonly Invariant[] }) {
  return (
    <section aria-label="Invariants" id="invariants">
      <ul
        className="grid grid-cols-7 border-line-1 border-b small:grid-cols-4"
        aria-label="Invariants"
      >
        {invariants.map((it) => {
          const [word, glyph, tone] = looks[it.verdict];
          return (
            <li
              key={it.id}
              data-testid="invariant"
              data-id={it.id}
              data-verdict={it.verdict}
              title={it.breach ?? undefined}
              aria-label={`${it.id} ${it.words}: ${word}`}
              className="min-w-0 border-line-1 border-l px-2.5 py-[9px] first:border-l-0 first:pl-(--gutter) small:nth-5:border-l-0 small:nth-5:pl-(--gutter) small:nth-[n+5]:border-t"
            >
              <div className="text-2 flex items-center gap-1.5 text-fg-0">
                <Glyph name={glyph} tone={tone} />
                <span className="font-medium">{it.id}</span>
                <span className="n text-1 ml-auto overflow-hidden text-fg-2 small:hidden">
                  {it.checks === null || it.checks === 0 ? word : short(it.checks)}
                </span>
              </div>
              <div className="text-1 truncate text-fg-2 phone:hidden">{it.words}</div>
            </li>
          );
        })}
      </ul>
    </section>
  );
}

/** `1.2 M` checks: how often, not exactly how often. */
function short(value: number): string {
  if (value < 10_000) return String(value);
  return value < 1_000_000
    ? `${Math.round(value / 1000)} k`
    : `${(value / 1_000_000).toFixed(1)} M`;
}
