import { ownerOf, type ShardRow } from "@leasehold/sharding/observe";
import Link from "next/link";
import type { ReactNode } from "react";
import { silentAfterMs } from "../../live/classify.ts";
import { count, duration } from "../../live/say.ts";
import { Glyph } from "../../ui/glyph.tsx";
import { ScrollRegion } from "../../ui/scroll-region.tsx";
import { stateLook, textClass } from "../../ui/tone.ts";
import { type BeliefColumn, servingWord } from "./beliefs.model.ts";

interface BeliefTableProps {
  readonly label: string;
  readonly row: ShardRow;
  readonly columns: readonly BeliefColumn[];
  readonly authority: Authority;
  readonly seq: number;
}

/** How well the column of Postgres is known: whether it is current is only known of the present. */
type Authority =
  | { readonly tag: "past" }
  /** Since the copy was last known to be current; null before the first. */
  | { readonly tag: "now"; readonly ageMs: number | null };

/** Belief versus authority: Postgres first, on a raised column; beside it each node's own word. */
export function BeliefTable(props: BeliefTableProps) {
  const { label, row, columns } = props;
  const owner = ownerOf(row);
  return (
    <ScrollRegion label="Beliefs, scrolls sideways">
      <table className="bel" data-testid="belief-table" aria-label={`Beliefs about shard ${label}`}>
        <thead>
          <tr>
            <td />
            <th scope="col" className="bel-auth">
              <b>Postgres</b>
              <div className="text-fg-2">
                <AuthorityWord authority={props.authority} />
              </div>
            </th>
            {columns.map((it) => (
              <th scope="col" key={it.nodeId}>
                <b className="n">
                  <Link href={`/nodes/${it.nodeId}`}>{it.nodeId}</Link>
                </b>
                <div className="flex items-center gap-1.5">
                  {it.class === "agree" ? (
                    <span className="text-fg-2">{it.role}</span>
                  ) : (
                    <>
                      <Glyph name={stateLook[it.class].glyph} tone={stateLook[it.class].tone} />
                      <span className={textClass[stateLook[it.class].tone]}>{it.class}</span>
                    </>
                  )}
                </div>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          <Line name="owner" authority={<span className="n">{owner?.nodeId ?? "nobody"}</span>}>
            {columns.map((it) => {
              const believes = it.belief?.serving ? it.nodeId : it.isOwner ? "itself" : "–";
              return (
                <Cell key={it.nodeId} it={it} field="owner" differs={it.servesUnowned}>
                  <span className="n">{it.belief === undefined ? "–" : believes}</span>
                </Cell>
              );
            })}
          </Line>
          <Line name="epoch" authority={<span className="n">{row.epoch}</span>}>
            {columns.map((it) => (
              <Cell
                key={it.nodeId}
                it={it}
                field="epoch"
                differs={it.epochDiffers}
                name={`${it.nodeId} epoch ${it.belief?.epoch ?? "none"}${it.epochDiffers ? `, differs from authority ${row.epoch}` : ""}`}
              >
                <span className="n">{it.belief?.epoch ?? "–"}</span>
              </Cell>
            ))}
          </Line>
          <Line
            name="incarnation"
            authority={<span className="n">{owner?.incarnation.slice(0, 8) ?? "–"}</span>}
          >
            {columns.map((it) => (
              <Cell key={it.nodeId} it={it} field="incarnation" differs={it.incarnationDiffers}>
                <span className="n">{it.incarnation?.slice(0, 8) ?? "–"}</span>
              </Cell>
            ))}
          </Line>
          <Line name="serving" authority="–">
            {columns.map((it) => (
              <Cell
                key={it.nodeId}
                it={it}
                field="serving"
                differs={it.servesUnowned}
                isLoud={it.servesUnowned}
              >
                {servingWord(it)}
              </Cell>
            ))}
          </Line>
          <Line name="phase" authority={row.state}>
            {columns.map((it) => (
              <Cell key={it.nodeId} it={it} field="phase" differs={false}>
                {it.belief?.phase ?? "–"}
              </Cell>
            ))}
          </Line>
          <Line name="lease left" authority="–">
            {columns.map((it) => (
              <Cell key={it.nodeId} it={it} field="lease" differs={false}>
                <LeaseLeft it={it} />
              </Cell>
            ))}
          </Line>
          <Line name="log position" authority={<span className="n">{count(props.seq)}</span>}>
            {columns.map((it) => (
              <Cell key={it.nodeId} it={it} field="seq" differs={false}>
                <span className="n">{it.seq === null ? "–" : count(it.seq)}</span>
              </Cell>
            ))}
          </Line>
          <Line name="heard" authority={<span className="n">{heardWord(props.authority)}</span>}>
            {columns.map((it) => (
              <Cell key={it.nodeId} it={it} field="heard" differs={it.isSilent}>
                <span className="n">
                  {it.heardMsAgo === null ? "never" : `${duration(it.heardMsAgo)} ago`}
                </span>
              </Cell>
            ))}
          </Line>
        </tbody>
      </table>
    </ScrollRegion>
  );
}

function AuthorityWord({ authority }: { readonly authority: Authority }) {
  if (authority.tag === "past" || authority.ageMs === null || authority.ageMs <= silentAfterMs) {
    return "authority";
  }
  return (
    <span className="flex items-center gap-1.5" data-testid="authority-unknown">
      <Glyph name="question" tone="unknown" />
      unknown for <span className="n">{duration(authority.ageMs)}</span>
    </span>
  );
}

function heardWord(authority: Authority): string {
  if (authority.tag === "past") return "–";
  return authority.ageMs === null ? "never" : `${duration(authority.ageMs)} ago`;
}

function Line(props: {
  readonly name: string;
  readonly authority: ReactNode;
  readonly children: ReactNode;
}) {
  return (
    <tr>
      <th scope="row">{props.name}</th>
      <td className="bel-auth">{props.authority}</td>
      {props.children}
    </tr>
  );
}

function Cell(props: {
  readonly it: BeliefColumn;
  readonly field: string;
  readonly differs: boolean;
  readonly isLoud?: boolean;
  readonly name?: string;
  readonly children: ReactNode;
}) {
  const { it, field, differs } = props;
  const tone = it.class === "agree" ? "warning" : stateLook[it.class].tone;
  return (
    <td
      data-testid="belief-cell"
      data-node-id={it.nodeId}
      data-field={field}
      data-diverges={differs}
      data-loud={props.isLoud === true}
      aria-label={props.name}
      className={differs ? textClass[tone] : undefined}
    >
      <span className="flex items-center gap-1.5">
        {props.children}
        {differs && (
          <Glyph name={props.isLoud ? "tri" : "differ"} tone={tone} className="ml-auto" />
        )}
      </span>
    </td>
  );
}

function LeaseLeft({ it }: { readonly it: BeliefColumn }) {
  if (it.leaseLeftMs === null || it.leaseTtlMs === 0) return "–";
  const share = Math.min(1, it.leaseLeftMs / it.leaseTtlMs);
  return (
    <>
      <span className="meter w-16 phone:hidden">
        <i style={{ width: `${Math.round(share * 100)}%` }} />
      </span>
      <span className={`n ${share < 0.5 ? "text-warning-text" : ""}`}>
        {duration(it.leaseLeftMs)}
      </span>
    </>
  );
}
