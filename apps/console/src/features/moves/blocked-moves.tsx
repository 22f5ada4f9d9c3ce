import type { BlockCode } from "@leasehold/sharding/observe";
import Link from "next/link";
import { count, plural } from "../../live/say.ts";
import { SectionHead } from "../../ui/section.tsx";
import { StateBadge } from "../../ui/state-badge.tsx";
import type { Look } from "../../ui/tone.ts";
import type { PreviewAnswer } from "../../wire/plan-preview.ts";

const look: Readonly<Record<BlockCode, Look>> = {
  handoff: { word: "handoff", glyph: "pie", tone: "handoff" },
  starting: { word: "starting", glyph: "pie", tone: "handoff" },
  pinned: { word: "pinned", glyph: "lock", tone: "unknown" },
  resting: { word: "resting", glyph: "clock", tone: "unknown" },
  hot: { word: "hot", glyph: "bolt", tone: "warning" },
  apart: { word: "no link", glyph: "cut", tone: "warning" },
  "no-target": { word: "no target", glyph: "ring", tone: "warning" },
  changed: { word: "changed", glyph: "arrow", tone: "unknown" },
  "target-off": { word: "target off", glyph: "slash", tone: "warning" },
};

const shown = 100;

/** What stays though it should move, each with the planner's reason. */
export function BlockedMoves({ answer }: { readonly answer: PreviewAnswer }) {
  const { blocked, blockedTotal } = answer;
  if (blockedTotal === 0) return null;
  return (
    <>
      <SectionHead title="Blocked" meta={`${plural(blockedTotal, "shard")} will not move`} />
      <div className="max-h-[280px] overflow-auto border-line-1 border-t">
        <table className="tbl" aria-label="Blocked">
          <thead className="sr-only">
            <tr>
              <th>Shard</th>
              <th>Node</th>
              <th>What</th>
              <th>Why</th>
            </tr>
          </thead>
          <tbody>
            {blocked.slice(0, shown).map(({ group, shard, on, code, why }) => (
              <tr
                key={`${group}/${shard}`}
                data-testid="blocked-move"
                data-shard-id={`${group}/${shard}`}
                data-code={code}
              >
                <td className="n">
                  <Link
                    prefetch={false}
                    className="text-fg-0"
                    href={`/shards/${encodeURIComponent(group)}/${shard}`}
                  >
                    {group === "default" ? shard : `${group}/${shard}`}
                  </Link>
                </td>
                <td className="n text-fg-2">{on}</td>
                <td>
                  <StateBadge look={look[code]} flat />
                </td>
                <td className="whitespace-normal! py-1!">{why}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {blockedTotal > shown && (
        <p className="text-2 px-(--gutter) py-2 text-fg-2">
          and {count(blockedTotal - shown)} more
        </p>
      )}
    </>
  );
}
