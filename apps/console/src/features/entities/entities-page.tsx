"use client";
import Link from "next/link";
import { useRouter, useSearchParams } from "next/navigation";
import { useEffect, useState } from "react";
import { type Outcome, readEntity } from "../../live/send-command.ts";
import { useLive } from "../../live/use-live.ts";
import { Empty } from "../../ui/section.tsx";
import { type EntityAddress, type EntityView, entityQuery } from "../../wire/entity-view.ts";
import { EntityDetail } from "./entity-detail.tsx";
import { LookUp } from "./look-up.tsx";
import { nameOf, useRecent } from "./recent.ts";

/** Where is key X, and what is it? The entity is in the address; looking at it activates nothing. */
export function EntitiesPage() {
  const query = useSearchParams();
  const router = useRouter();
  const type = query.get("type") ?? "";
  const id = query.get("id") ?? "";
  const namespace = query.get("namespace") ?? "default";
  const wanted = type !== "" && id !== "";
  const address = { type, id, namespace };
  const found = useEntity(wanted ? address : null);
  const recent = useRecent(found?.ok === true ? address : null);
  return (
    <div className="page flex flex-col">
      <LookUp
        key={query.toString()}
        address={address}
        onSubmit={(next) => router.push(`/entities?${entityQuery(next)}`)}
      />
      <Recent all={recent} />
      {!wanted && (
        <Empty title={id === "" ? "Where is it?" : `Of which type is ${JSON.stringify(id)}?`}>
          Type and id lead to the shard, its owner, and what Postgres has of the entity. It is not
          activated.
        </Empty>
      )}
      {wanted && found === null && <p className="px-(--gutter) py-3 text-fg-2">Looking for it.</p>}
      {found?.ok === true && <EntityDetail view={found.body} address={address} />}
      {found?.ok === false && (
        <Empty title={found.problem.title}>
          <span data-testid="entity-problem">
            {found.problem.detail} <span className="n">{found.problem.code}</span>
          </span>
        </Empty>
      )}
    </div>
  );
}

function Recent({ all }: { readonly all: readonly EntityAddress[] }) {
  if (all.length === 0) return null;
  return (
    <nav
      className="text-2 flex flex-wrap items-center gap-1.5 border-line-1 border-b px-(--gutter) py-2"
      aria-label="Recent look-ups"
    >
      <span className="text-fg-2">Recent</span>
      {all.map((it) => (
        <Link
          key={nameOf(it)}
          className="tok"
          prefetch={false}
          href={`/entities?${entityQuery(it)}`}
          data-testid="recent"
        >
          {nameOf(it)}
        </Link>
      ))}
    </nav>
  );
}

/** Read again every two seconds: what happens to an entity does not travel to this page by itself. */
function useEntity(address: EntityAddress | null): Outcome<EntityView> | null {
  const beat = useLive((it) => Math.floor(it.clockMs / everyMs));
  const query = address === null ? null : entityQuery(address);
  const [found, setFound] = useState<{ query: string; outcome: Outcome<EntityView> } | null>(null);
  useEffect(() => {
    if (query === null) return;
    let isOver = false;
    void readEntity(query).then((outcome) => {
      if (!isOver) setFound({ query, outcome });
    });
    return () => {
      isOver = true;
    };
  }, [query, beat]);
  return found?.query === query ? found.outcome : null;
}

const everyMs = 2_000;
