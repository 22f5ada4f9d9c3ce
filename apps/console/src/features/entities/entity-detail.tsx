import { ownerOf } from "@leasehold/sharding/observe";
import Link from "next/link";
import { count, duration, plural, say } from "../../live/say.ts";
import { rowOfRef } from "../../live/summary.ts";
import { live, useLive, useWallNow } from "../../live/use-live.ts";
import { Glyph } from "../../ui/glyph.tsx";
import { ScrollRegion } from "../../ui/scroll-region.tsx";
import { SectionHead } from "../../ui/section.tsx";
import { Sentence } from "../../ui/sentence.tsx";
import type { EntityAddress, EntityView } from "../../wire/entity-view.ts";
import { WhereItIs } from "./where-it-is.tsx";

type Stored = NonNullable<EntityView["stored"]>;

/** Key, shard, owner, state; then what led to it, and what will wake it. */
export function EntityDetail(props: {
  readonly view: EntityView;
  readonly address: EntityAddress;
}) {
  const { view, address } = props;
  const { group, shard, namespace, type, id, stored } = view;
  // Where it is follows the log, and with it the moment that is shown; a node told where it was when it was asked.
  const row = rowOfRef(live.mirror, { group, shard });
  const home = row === undefined ? (view.home?.nodeId ?? null) : (ownerOf(row)?.nodeId ?? null);
  const epoch = row?.epoch ?? view.epoch;
  const name = `${group}/${shard}`;
  const isPast = useLive((it) => it.moment !== null);
  return (
    <section aria-label={`${type} ${id}`} data-testid="entity" className="flex flex-col">
      <div className="border-line-1 border-b px-(--gutter) py-4">
        <h2 className="n text-[18px] leading-[26px]">
          <span className="text-fg-2">
            {namespace === "default" ? "" : `${namespace}/`}
            {type}/
          </span>
          {id}
        </h2>
        <p className="mt-1.5 max-w-[100ch]" data-testid="entity-sentence">
          Its shard is{" "}
          <Link className="n underline" href={`/shards/${encodeURIComponent(group)}/${shard}`}>
            {name}
          </Link>
          {home === null ? (
            ", which has no home."
          ) : (
            <>
              ; its home is{" "}
              <Link className="n underline" href={`/nodes/${encodeURIComponent(home)}`}>
                {home}
              </Link>{" "}
              <Sentence words={say`at epoch ${epoch}.`} />
            </>
          )}{" "}
          {stored === null && "It is volatile: its state is in the memory of its home alone."}
        </p>
      </div>
      <WhereItIs address={address} shard={{ group, shard }} />
      {isPast && stored !== null && (
        <p className="text-2 flex gap-2 border-line-1 border-b bg-unknown-soft px-(--gutter) py-2">
          <Glyph name="clock" tone="unknown" className="mt-0.5" />
          What is stored is read now: Postgres does not keep how it was at the moment above.
        </p>
      )}
      {stored !== null && <StoredDetail stored={stored} />}
    </section>
  );
}

function StoredDetail({ stored }: { readonly stored: Stored }) {
  const { version, state, fault, events, timers } = stored;
  return (
    <div className="grid grid-cols-2 small:grid-cols-1">
      <div className="min-w-0">
        <SectionHead
          title="State"
          meta={version === null ? "cannot be folded" : `version ${count(version)}`}
        />
        {fault === null ? (
          <ScrollRegion label="State">
            <pre
              className="text-2 whitespace-pre px-(--gutter) pb-3 font-mono text-fg-0 tracking-[-.02em]"
              data-testid="entity-state"
            >
              {JSON.stringify(state, null, 2)}
            </pre>
          </ScrollRegion>
        ) : (
          <p className="px-(--gutter) pb-3 text-danger-text">{fault}</p>
        )}
        <SectionHead title="Timers" meta={timers.length === 0 ? "none" : count(timers.length)} />
        {timers.length > 0 && <Timers timers={timers} />}
      </div>
      <div className="min-w-0 border-line-1 border-l small:border-t small:border-l-0">
        <SectionHead
          title="Last events"
          meta={events.length === 0 ? "none" : `the last ${plural(events.length, "event")}`}
        />
        {events.length > 0 && <Events events={events} />}
      </div>
    </div>
  );
}

function Events({ events }: { readonly events: Stored["events"] }) {
  return (
    <table className="tbl border-line-1 border-t" aria-label="Last events">
      <tbody>
        {events.toReversed().map(({ version, type, data }) => (
          <tr key={version} data-testid="entity-event" data-version={version}>
            <td className="n w-px text-fg-2">{count(version)}</td>
            <td className="n w-px text-fg-0">{type}</td>
            <td className="n max-w-0 truncate" title={JSON.stringify(data)}>
              {JSON.stringify(data)}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Timers({ timers }: { readonly timers: Stored["timers"] }) {
  // The page's clock: to a second or so that is when Postgres finds them due.
  const nowMs = useWallNow();
  return (
    <table className="tbl border-line-1 border-t" aria-label="Timers">
      <tbody>
        {timers.map(({ name, dueAt, command, comesAgain }) => (
          <tr key={name} data-testid="entity-timer" data-name={name}>
            <td className="n text-fg-0">{name}</td>
            <td>
              runs <span className="n text-fg-0">{command}</span>
              {comesAgain && ", again and again"}
            </td>
            <td className="n r" title={dueAt ?? undefined}>
              {dueAt === null ? "at its next home" : whenDue(Date.parse(dueAt) - nowMs)}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

const whenDue = (inMs: number): string => (inMs > 0 ? `in ${duration(inMs)}` : "due");
