"use client";
import { ownerOf, type ShardRef } from "@leasehold/sharding/observe";
import { useRouter, useSearchParams } from "next/navigation";
import { useEffect, useState } from "react";
import { plural } from "../../live/say.ts";
import { rowOfRef } from "../../live/summary.ts";
import { live, useOff, useSummary } from "../../live/use-live.ts";
import { Button } from "../../ui/button.tsx";
import { ConfirmDialog } from "../../ui/confirm-dialog.tsx";
import { previewHref } from "../moves/request.model.ts";

/**
 * *Move…*: picks a home and makes a plan of one move, which is previewed like any other. `?move=1` asks
 * at once.
 */
export function MoveButton({ shard }: { readonly shard: ShardRef }) {
  const [isOpen, setOpen] = useState(false);
  const off = useOff();
  const isWanted = useSearchParams().get("move") === "1";
  useEffect(() => {
    if (isWanted && off === null) setOpen(true);
  }, [isWanted, off]);
  return (
    <>
      <Button off={off} testId="move-shard" onClick={() => setOpen(true)}>
        Move…
      </Button>
      {isOpen && <MoveDialog shard={shard} close={() => setOpen(false)} />}
    </>
  );
}

function MoveDialog(props: { readonly shard: ShardRef; close(): void }) {
  const { group, shard } = props.shard;
  const router = useRouter();
  const summary = useSummary();
  const row = rowOfRef(live.mirror, props.shard);
  const owner = row === undefined ? null : (ownerOf(row)?.nodeId ?? null);
  const targets =
    summary?.nodes.filter((it) => it.condition === "ready" && it.nodeId !== owner) ?? [];
  const [chosen, setChosen] = useState(targets[0]?.nodeId ?? "");
  const confirm = async (): Promise<void> => {
    router.push(previewHref({ kind: "move", moves: [{ group, shard, to: chosen }] }));
  };
  return (
    <ConfirmDialog
      isOpen
      title={`Move shard ${group}/${shard}?`}
      verb="Preview 1 move"
      off={targets.length === 0 ? "no other node is ready" : null}
      close={props.close}
      confirm={confirm}
    >
      <p>
        It is at <span className="n text-fg-0">{owner ?? "no home"}</span>. Requests wait while it
        moves; none fails. It stays where it is put until it is unpinned or its home goes away.
      </p>
      <fieldset className="space-y-1" data-testid="move-targets">
        <legend className="text-2 text-fg-2">To</legend>
        {targets.map((it) => (
          <label key={it.nodeId} className="flex items-center gap-2">
            <input
              type="radio"
              className="accent-fg-0"
              name="target"
              value={it.nodeId}
              checked={chosen === it.nodeId}
              onChange={() => setChosen(it.nodeId)}
            />
            <span className="n text-fg-0">{it.nodeId}</span>
            <span className="text-2 text-fg-2">{plural(it.owned, "shard")}</span>
          </label>
        ))}
      </fieldset>
    </ConfirmDialog>
  );
}
