import Link from "next/link";
import { plural } from "../../live/say.ts";
import type { Summary } from "../../live/summary.ts";
import { live } from "../../live/use-live.ts";
import { Glyph } from "../../ui/glyph.tsx";
import { SectionHead } from "../../ui/section.tsx";
import { movesInFlight, phaseWord } from "../moves/in-flight.model.ts";
import { PhaseMeter } from "../moves/phase-meter.tsx";
import { planHref } from "../moves/request.model.ts";

const limit = 5;

/** What moves right now, and how far it is. Rows keep their places: the list grows at its end. */
export function InFlight({ summary }: { readonly summary: Summary }) {
  const moves = movesInFlight(live.mirror, limit);
  const total = summary.totals.handingOff + summary.totals.starting;
  const plan = summary.plans.find((it) => it.state === "applying" || it.state === "paused");
  return (
    <>
      <SectionHead
        title="In flight"
        meta={
          plan === undefined
            ? plural(total, "shard")
            : `${plural(total, "shard")} · ${plan.kind} ${plan.planId}`
        }
      >
        <Link prefetch={false} href={plan === undefined ? "/moves" : planHref(plan.planId)}>
          {plan === undefined ? "Moves" : "Plan"}
        </Link>
      </SectionHead>
      <div className="min-h-[142px] border-line-1 border-y">
        {moves.length === 0 ? (
          <p className="text-2 px-(--gutter) py-2 text-fg-2">Nothing moves.</p>
        ) : (
          <table className="tbl" aria-label="Moves in flight">
            <tbody>
              {moves.map((it) => (
                <tr key={it.key} data-testid="move-in-flight" data-shard-id={it.key}>
                  <td className="n text-fg-0">
                    <Glyph name="pie" tone="handoff" className="mr-2 align-[-1px]" />
                    {it.label}
                  </td>
                  <td className="n text-fg-2">
                    {it.from ?? "–"} → <span className="text-fg-1">{it.to}</span>
                  </td>
                  <td>
                    <PhaseMeter phase={it.phase} />
                  </td>
                  <td>{phaseWord(it)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </div>
    </>
  );
}
