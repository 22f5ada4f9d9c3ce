"use client";
import Link from "next/link";
import { useSearchParams } from "next/navigation";
import { useEffect, useState } from "react";
import { count, plural } from "../../live/say.ts";
import { live, useLive } from "../../live/use-live.ts";
import { Replay } from "../../tape/replay.ts";
import { readReel } from "../../tape/tape-client.ts";
import { Glyph } from "../../ui/glyph.tsx";
import { SectionHead } from "../../ui/section.tsx";
import type { Problem } from "../../wire/commands.ts";
import { wallTimeMs } from "../time/bar.model.ts";
import { type Comparison, compare, type ShardSide, type Stand } from "./compare.model.ts";

/** Shown at most; the rest is counted. */
const shownShards = 300;

interface Side extends Stand {
  /** Wall clock. @unit milliseconds since 1970 */
  readonly atMs: number;
  readonly pos: number | null;
}

/** Two moments beside each other: who owned what, what nodes said, what differed. */
export function ComparePage() {
  const query = useSearchParams();
  const [a, b] = [query.get("a") ?? "", query.get("b") ?? "now"];
  const isReady = useLive((it) => it.summary !== null);
  const [found, setFound] = useState<{
    readonly sides: readonly [Side, Side];
    readonly it: Comparison;
  } | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  useEffect(() => {
    if (!isReady) return;
    let isOver = false;
    Promise.all([sideAt(a), sideAt(b)]).then(
      ([one, other]) => {
        if (isOver) return;
        const sides = one.atMs <= other.atMs ? ([one, other] as const) : ([other, one] as const);
        setProblem(null);
        setFound({ sides, it: compare(...sides) });
      },
      (error: unknown) => {
        if (!isOver) setProblem(error instanceof MomentError ? error.problem : unforeseen(error));
      },
    );
    return () => {
      isOver = true;
    };
  }, [a, b, isReady]);
  return (
    <div className="page" data-testid="comparison" data-ready={found !== null}>
      <div className="bar">
        <h1 className="text-4">Compare</h1>
        {found !== null && <Between sides={found.sides} entries={found.it.entries} />}
      </div>
      {problem !== null && (
        <p
          className="text-2 px-(--gutter) py-3"
          data-testid="compare-problem"
          data-code={problem.code}
        >
          <Glyph name="past" tone="warning" /> <b>{problem.title}</b> {problem.detail}
        </p>
      )}
      {found === null && problem === null && (
        <p className="text-2 px-(--gutter) py-3 text-fg-2">Reading the recording.</p>
      )}
      {found !== null && <Differences it={found.it} />}
    </div>
  );
}

class MomentError extends Error {
  override readonly name = "MomentError";
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.title);
    this.problem = problem;
  }
}

const unforeseen = (error: unknown): Problem => ({
  title: "The moments cannot be compared.",
  status: 0,
  code: "COMPARE_FAILED",
  detail: String(error),
});

async function sideAt(text: string): Promise<Side> {
  if (text === "now") {
    return { mirror: live.present, nowMs: live.presentMs, atMs: Date.now(), pos: null };
  }
  const pos = Number(text);
  if (!/^\d{1,15}$/.test(text)) {
    const detail = `${JSON.stringify(text)} is no position of the recording.`;
    throw new MomentError({
      title: "The address names no moment.",
      status: 400,
      code: "BAD_MOMENT",
      detail,
    });
  }
  const outcome = await readReel({ pos });
  if (!outcome.ok) throw new MomentError(outcome.problem);
  const replay = new Replay();
  replay.restore(outcome.body.keyframe);
  replay.feed(outcome.body.entries, pos);
  const { mirror, atMs } = replay;
  return { mirror, nowMs: atMs, atMs, pos };
}

function Between({
  sides,
  entries,
}: {
  readonly sides: readonly [Side, Side];
  readonly entries: number | null;
}) {
  return (
    <span className="text-2 text-fg-2">
      {sides.map((it, index) => (
        <span key={index === 0 ? "before" : "after"}>
          {index === 1 && " and "}
          <b className="n text-fg-0">{it.pos === null ? "now" : wallTimeMs(it.atMs)}</b>
        </span>
      ))}
      {entries === null ? ", of different logs" : `, ${plural(entries, "event")} apart`}
    </span>
  );
}

function Differences({ it }: { readonly it: Comparison }) {
  return (
    <>
      <SectionHead title="Nodes" meta={it.nodes.length === 0 ? "nothing differs" : undefined} />
      {it.nodes.length > 0 && (
        <table className="tbl" aria-label="Nodes that differ">
          <thead>
            <tr>
              <th className="w-40">Node</th>
              <th className="w-32">What</th>
              <th>Before</th>
              <th>After</th>
            </tr>
          </thead>
          <tbody>
            {it.nodes.flatMap(({ nodeId, facts }) =>
              facts.map((fact, index) => (
                <tr key={`${nodeId} ${fact.name}`} data-testid="node-change" data-node-id={nodeId}>
                  <td className="n text-fg-0">{index === 0 ? nodeId : ""}</td>
                  <td>{fact.name}</td>
                  <td className="n text-fg-2">{fact.before}</td>
                  <td className="n text-fg-0">{fact.after}</td>
                </tr>
              )),
            )}
          </tbody>
        </table>
      )}
      <SectionHead
        title="Shards"
        meta={it.shards.length === 0 ? "nothing differs" : count(it.shards.length)}
      />
      {it.shards.length > 0 && <ShardChanges it={it} />}
      <SectionHead title="Divergence" meta={divergenceNote(it)} />
      <ul className="text-2 px-(--gutter) pb-2">
        {it.divergences.began.slice(0, 100).map((text) => (
          <li key={`+${text}`}>
            <Glyph name="plus" tone="warning" /> <span className="n">{text}</span>
          </li>
        ))}
        {it.divergences.ended.slice(0, 100).map((text) => (
          <li key={`-${text}`}>
            <Glyph name="minus" tone="stable" /> <span className="n">{text}</span>
          </li>
        ))}
      </ul>
    </>
  );
}

const divergenceNote = ({ divergences: { began, ended } }: Comparison): string =>
  began.length + ended.length === 0
    ? "nothing differs"
    : `${count(began.length)} began, ${count(ended.length)} ended`;

function ShardChanges({ it }: { readonly it: Comparison }) {
  const rest = it.shards.length - shownShards;
  return (
    <>
      <table className="tbl" aria-label="Shards that differ">
        <thead>
          <tr>
            <th className="w-40">Shard</th>
            <th>Before</th>
            <th>After</th>
          </tr>
        </thead>
        <tbody>
          {it.shards.slice(0, shownShards).map(({ shard, label, before, after }) => (
            <tr key={label} data-testid="shard-change" data-shard-id={label}>
              <td className="n">
                <Link href={`/shards/${shard.group}/${shard.shard}`} prefetch={false}>
                  {label}
                </Link>
              </td>
              <td className="n text-fg-2">{sideText(before)}</td>
              <td className="n text-fg-0">{sideText(after)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {rest > 0 && <p className="text-2 px-(--gutter) py-2 text-fg-2">and {count(rest)} more</p>}
    </>
  );
}

const sideText = (it: ShardSide | null): string =>
  it === null ? "did not exist" : `${it.owner ?? "nobody"}, epoch ${it.epoch}, ${it.state}`;
