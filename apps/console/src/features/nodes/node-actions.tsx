"use client";
import { useState } from "react";
import type { NodeView } from "../../live/node-row.ts";
import { runCommand } from "../../live/run-command.ts";
import { plural } from "../../live/say.ts";
import { useOff } from "../../live/use-live.ts";
import { Button } from "../../ui/button.tsx";
import { ConfirmDialog } from "../../ui/confirm-dialog.tsx";
import { commandNeeds } from "../../wire/roles.ts";
import { FaultDialog, type FaultKind } from "../faults/fault-dialog.tsx";

type Open = "drain" | FaultKind | null;

/** What an operator may do to a node: take it out in order, or break it on purpose. */
export function NodeActions({ node }: { readonly node: NodeView }) {
  const [open, setOpen] = useState<Open>(null);
  const off = useOff();
  const close = (): void => setOpen(null);
  const lacks = useOff(commandNeeds.fault);
  const faultsOff = node.faultsOn ? null : "this node was started with faults off";
  const isLeaving = node.condition === "draining" || node.condition === "drained";
  const gone = node.condition === "dead" ? "the node is dead" : null;
  return (
    <div
      className="flex flex-wrap items-center gap-2"
      data-testid="node-actions"
      data-node-id={node.nodeId}
    >
      {node.cordoned || isLeaving ? (
        <Verb node={node} verb="uncordon" label="Uncordon" off={off} />
      ) : (
        <Verb node={node} verb="cordon" label="Cordon" off={off ?? gone} />
      )}
      <Button
        off={off ?? gone ?? (isLeaving ? "it is drained already" : null)}
        testId="drain"
        onClick={() => setOpen("drain")}
      >
        Drain…
      </Button>
      <span className="w-px self-stretch bg-line-2" aria-hidden="true" />
      <FaultButtons off={lacks ?? faultsOff ?? gone} open={setOpen} />
      <WhyOff why={off ?? lacks} />
      {open === "drain" && <DrainDialog node={node} close={close} />}
      {open !== null && open !== "drain" && <FaultDialog node={node} kind={open} close={close} />}
    </div>
  );
}

function FaultButtons(props: { readonly off: string | null; open(kind: FaultKind): void }) {
  const { off, open } = props;
  return (
    <>
      <Button off={off} testId="cut-link" onClick={() => open("cut-link")}>
        Cut link…
      </Button>
      <Button off={off} testId="cut-postgres" onClick={() => open("cut-postgres")}>
        Cut Postgres…
      </Button>
      <Button off={off} testId="pause" onClick={() => open("pause")}>
        Pause…
      </Button>
      <Button kind="danger" off={off} testId="crash" onClick={() => open("crash")}>
        Crash…
      </Button>
    </>
  );
}

/** Beside the controls that are off, in words: a lock alone explains nothing. */
const WhyOff = ({ why }: { readonly why: string | null }) =>
  why === null ? null : <span className="text-2 text-fg-2">off: {why}</span>;

function Verb(props: {
  readonly node: NodeView;
  readonly verb: "cordon" | "uncordon";
  readonly label: string;
  readonly off: string | null;
}) {
  const [isBusy, setBusy] = useState(false);
  const run = async (): Promise<void> => {
    setBusy(true);
    const { nodeId } = props.node;
    await runCommand({ kind: "node", nodeId, verb: props.verb }, `${nodeId} ${props.verb}ed.`);
    setBusy(false);
  };
  return (
    <Button off={props.off} disabled={isBusy} testId={props.verb} onClick={() => void run()}>
      {props.label}
    </Button>
  );
}

function DrainDialog(props: { readonly node: NodeView; close(): void }) {
  const { nodeId, owned } = props.node;
  const confirm = async (): Promise<void> => {
    await runCommand({ kind: "node", nodeId, verb: "drain" }, `${nodeId} drains.`);
  };
  return (
    <ConfirmDialog
      isOpen
      title={`Drain ${nodeId}?`}
      verb={`Drain ${plural(owned, "shard")}`}
      close={props.close}
      confirm={confirm}
    >
      <p>
        Its <span className="n text-fg-0">{owned}</span> shards are handed over one after another;
        requests wait for a moment, none fails. Afterwards it owns nothing and gets nothing until it
        is uncordoned.
      </p>
    </ConfirmDialog>
  );
}
