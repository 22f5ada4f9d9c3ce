"use client";
import { useRouter, useSearchParams } from "next/navigation";
import { useEffect, useState } from "react";
import { type Outcome, readEntity } from "../../live/send-command.ts";
import { useLive } from "../../live/use-live.ts";
import { Empty } from "../../ui/section.tsx";
import { type EntityAddress, type EntityView, entityQuery } from "../../wire/entity-view.ts";
import { EntityDetail } from "./entity-detail.tsx";
import { LookUp } from "./look-up.tsx";

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
  return (
    <div className="page flex flex-col">
      <LookUp
        key={query.toString()}
        address={address}
        onSubmit={(next) => router.push(`/entities?${entityQuery(next)}`)}
      />
      {!wanted && (
        <Empty title="Where is it?">
          Type and id lead to the shard, its owner, and what Postgres has of the entity. It is not
          activated.
        </Empty>
      )}
      {wanted && found === null && <p className="px-(--gutter) py-3 text-fg-2">Looking for it.</p>}
      {found?.ok === true && <EntityDetail view={found.body} />}
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

/** Read again every two seconds: what happens to an entity does not travel to this page by itself. */
function useEntity(address: EntityAddress | null): Outcome<EntityView> | null {
  const beat = useLive((it) => Math.floor(it.nowMs / everyMs));
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
