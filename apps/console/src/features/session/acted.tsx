"use client";
import Link from "next/link";
import { duration } from "../../live/say.ts";
import type { Acted } from "../../live/store.ts";
import { useLive } from "../../live/use-live.ts";
import { Glyph } from "../../ui/glyph.tsx";
import { SectionHead } from "../../ui/section.tsx";
import { actedWords } from "../../wire/action-words.ts";

/** So long an action stands in the environment's row. @unit milliseconds */
const shownMs = 20_000;

/** The last thing that anybody did, quietly and on every page: two people at work see each other. */
export function ActedFact() {
  const nowMs = useLive((it) => it.clockMs);
  const last = useLive((it) => it.acted.at(-1));
  if (last === undefined || nowMs - last.atMs > shownMs) return null;
  return (
    <span className="env-fact min-w-0 small:hidden" data-testid="acted" data-action={last.action}>
      <span className="truncate">
        <b>{last.actor}</b> {actedWords(last, last.result)}
      </span>
      <span className="n flex-none">{duration(nowMs - last.atMs)} ago</span>
    </span>
  );
}

/** What people did lately, newest first; nothing where nobody did anything. */
export function RecentActions({ limit }: { readonly limit: number }) {
  const acted = useLive((it) => it.acted);
  const nowMs = useLive((it) => it.clockMs);
  if (acted.length === 0) return null;
  return (
    <>
      <SectionHead title="Recent actions" meta="by people">
        <Link href="/audit">Audit</Link>
      </SectionHead>
      <ul className="border-line-1 border-b pb-2" aria-label="Recent actions">
        {acted
          .toReversed()
          .slice(0, limit)
          .map((it) => (
            <ActedRow key={it.action} it={it} nowMs={nowMs} />
          ))}
      </ul>
    </>
  );
}

function ActedRow({ it, nowMs }: { readonly it: Acted; readonly nowMs: number }) {
  return (
    <li
      className="text-2 flex items-center gap-2 px-(--gutter) py-1"
      data-testid="acted-row"
      data-action={it.action}
      data-actor={it.actor}
    >
      <Glyph
        name={it.result === "done" ? "check" : "cross"}
        tone={it.result === "done" ? "unknown" : "warning"}
      />
      <span className="min-w-0 flex-1 truncate">
        <b className="font-medium text-fg-0">{it.actor}</b> {actedWords(it, it.result)}
      </span>
      <span className="n flex-none text-fg-2">{duration(Math.max(0, nowMs - it.atMs))}</span>
    </li>
  );
}
