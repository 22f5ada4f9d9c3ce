import { duration, plural } from "../../live/say.ts";
import { live, useSummary } from "../../live/use-live.ts";
import { SectionHead } from "../../ui/section.tsx";
import { StateBadge } from "../../ui/state-badge.tsx";
import { stateLook } from "../../ui/tone.ts";

const limit = 40;

/** The map's exceptions as text, worst first: what cannot be seen must be readable. */
export function NotStable(props: { readonly selected: number; select(flat: number): void }) {
  const divergence = useSummary()?.divergence;
  const items = divergence?.items.filter((it) => it.shard !== null).slice(0, limit) ?? [];
  if (divergence === undefined || items.length === 0) return null;
  return (
    <section className="border-line-1 border-t" aria-label="Not stable">
      <SectionHead
        title="Not stable"
        meta={`${plural(divergence.total, "difference")} · the same map as text, worst first`}
      />
      <table className="tbl border-line-1 border-t" aria-label="Shards that are not stable">
        <thead>
          <tr>
            <th>Shard</th>
            <th>State</th>
            <th>Node</th>
            <th className="phone:hidden">Authority</th>
            <th className="r">For</th>
          </tr>
        </thead>
        <tbody>
          {items.map((it) => {
            const flat = it.shard === null ? -1 : live.mirror.index.find(it.shard);
            const row = live.mirror.rowOf(flat);
            const owner =
              row === undefined || row.state === "unallocated" ? "nobody" : row.owner.nodeId;
            return (
              <tr
                key={it.key}
                data-testid="exception-row"
                data-shard-id={it.shard === null ? "" : `${it.shard.group}/${it.shard.shard}`}
                data-selected={flat === props.selected}
              >
                <td className="n">
                  <button type="button" className="text-fg-0" onClick={() => props.select(flat)}>
                    {it.label}
                  </button>
                </td>
                <td>
                  <StateBadge look={stateLook[it.class]} flat />
                </td>
                <td className="n">{it.nodeId ?? "–"}</td>
                <td className="n phone:hidden">
                  {owner} e{row?.epoch ?? "–"}
                </td>
                <td className="n r text-fg-2">{duration(it.forMs)}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </section>
  );
}
