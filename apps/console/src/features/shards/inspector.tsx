import { ownerOf } from "@leasehold/sharding/observe";
import Link from "next/link";
import { explain } from "../../live/explain.ts";
import { duration } from "../../live/say.ts";
import { live, useLive } from "../../live/use-live.ts";
import { Glyph } from "../../ui/glyph.tsx";
import { Sentence } from "../../ui/sentence.tsx";
import { StateBadge } from "../../ui/state-badge.tsx";
import { stateLook } from "../../ui/tone.ts";
import { beliefColumns, servingWord } from "../shard/beliefs.model.ts";
import { MoveButton } from "../shard/move-dialog.tsx";
import { whyHere } from "../shard/why-here.ts";

/** The selected shard beside the map: sentence, authority, beliefs, why. */
export function Inspector({ flat }: { readonly flat: number }) {
  const nowMs = useLive((it) => it.nowMs);
  const row = flat < 0 ? undefined : live.mirror.rowOf(flat);
  if (row === undefined) {
    return (
      <aside className="insp col-start-2 row-span-3 row-start-1 small:hidden" aria-label="Shard">
        <p className="text-2 border-0 text-fg-2">
          Pick a cell, or walk with the arrow keys: what Postgres says about the shard and what each
          node believes stands here. Enter opens it.
        </p>
      </aside>
    );
  }
  const ref = live.mirror.index.refOf(flat);
  const state = live.mirror.verdicts.cellOf(flat);
  const [worst] = live.mirror.verdicts.divergences.get(flat) ?? [];
  const columns = beliefColumns(live.mirror, flat, nowMs).filter(
    (it) => it.isOwner || it.belief !== undefined || it.class !== "agree",
  );
  const why = whyHere(live.mirror, ref);
  const owner = ownerOf(row);
  return (
    <aside
      className="insp col-start-2 row-span-3 row-start-1 small:hidden"
      aria-label={`Shard ${ref.group}/${ref.shard}`}
      data-testid="inspector"
    >
      <div>
        <div className="flex items-center justify-between gap-2">
          <h2 className="n text-4">
            {ref.group}/{ref.shard}
          </h2>
          <StateBadge look={stateLook[state]} />
        </div>
        {worst !== undefined && (
          <p className="text-2 mt-2 leading-[18px]">
            <Sentence words={explain(worst, null)} />
          </p>
        )}
      </div>
      <div>
        <h3>Authority</h3>
        <dl className="kv">
          <dt>Owner</dt>
          <dd className="n">{owner?.nodeId ?? "nobody"}</dd>
          <dt>Epoch</dt>
          <dd className="n">{row.epoch}</dd>
          <dt>State</dt>
          <dd>{row.state}</dd>
          <dt>Incarnation</dt>
          <dd className="n">{owner?.incarnation.slice(0, 8) ?? "–"}</dd>
          {row.pinned && (
            <>
              <dt>Pinned</dt>
              <dd>by an operator</dd>
            </>
          )}
        </dl>
      </div>
      <div>
        <h3>Beliefs</h3>
        <table className="w-full text-2">
          <tbody>
            {columns.map((it) => (
              <tr key={it.nodeId} className="h-6">
                <td className="n">{it.nodeId}</td>
                <td className={`n ${it.epochDiffers ? "text-danger-text" : ""}`}>
                  {it.epochDiffers && <Glyph name="differ" tone="danger" className="mr-1" />}
                  {it.belief === undefined ? "–" : `e${it.belief.epoch}`}
                </td>
                <td className={it.servesUnowned ? "text-danger-text" : ""}>{servingWord(it)}</td>
                <td className="n text-right text-fg-2">
                  {it.heardMsAgo === null ? "never" : duration(it.heardMsAgo)}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {why !== null && (
        <div>
          <h3>Why here?</h3>
          <p className="text-2 leading-[18px]">
            <Sentence words={why} />
          </p>
        </div>
      )}
      <footer>
        <Link
          prefetch={false}
          className="btn flex-1"
          data-kind="primary"
          href={`/shards/${ref.group}/${ref.shard}`}
        >
          Open shard
        </Link>
        <MoveButton shard={ref} />
      </footer>
    </aside>
  );
}
