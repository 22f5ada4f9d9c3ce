"use client";
import { useState } from "react";
import type { NodeView } from "../../live/node-row.ts";
import { runCommand } from "../../live/run-command.ts";
import { duration, plural } from "../../live/say.ts";
import { ConfirmDialog } from "../../ui/confirm-dialog.tsx";
import { Segmented } from "../../ui/segmented.tsx";
import type { FaultRequest } from "../../wire/commands.ts";

/** Those that are asked about first; the lab sets the others. */
export type FaultKind = "cut-link" | "cut-postgres" | "pause" | "freeze" | "crash";

const ttls = [
  { value: "10000", label: "10 s" },
  { value: "30000", label: "30 s" },
  { value: "120000", label: "2 min" },
  { value: "600000", label: "10 min" },
] as const;

const directions = [
  { value: "both", label: "both ways" },
  { value: "in", label: "in" },
  { value: "out", label: "out" },
] as const;

/** Breaks something on purpose. Every fault ends by itself, on the node, even when this console dies. */
export function FaultDialog(props: {
  readonly node: NodeView;
  readonly kind: FaultKind;
  close(): void;
}) {
  const { node, kind } = props;
  const [ttl, setTtl] = useState<(typeof ttls)[number]["value"]>("30000");
  const [direction, setDirection] = useState<"both" | "in" | "out">("both");
  const [peer, setPeer] = useState(node.peers[0]?.nodeId ?? "");
  const words = wordsOf(node, kind);
  const confirm = async (): Promise<void> => {
    const fault = requestOf(kind, peer, direction, Number(ttl));
    await runCommand({ kind: "fault", nodeId: node.nodeId, fault }, words.done);
  };
  return (
    <ConfirmDialog
      isOpen
      title={words.question}
      verb={words.verb}
      isDangerous={kind === "crash"}
      typed={kind === "crash" ? node.nodeId : undefined}
      off={kind === "cut-link" && peer === "" ? "it has no peer" : null}
      close={props.close}
      confirm={confirm}
    >
      <p>{words.what}</p>
      {kind === "cut-link" && (
        <div>
          <div className="text-2 mb-1 text-fg-2">Between {node.nodeId} and</div>
          <Segmented
            label="Peer"
            value={peer}
            options={node.peers.map((it) => ({ value: it.nodeId, label: it.nodeId }))}
            change={setPeer}
            testId="fault-peer"
          />
        </div>
      )}
      {(kind === "cut-link" || kind === "cut-postgres") && (
        <div>
          <div className="text-2 mb-1 text-fg-2">Bytes that stop</div>
          <Segmented
            label="Direction"
            value={direction}
            options={directions}
            change={setDirection}
          />
        </div>
      )}
      {kind !== "crash" && (
        <div>
          <div className="text-2 mb-1 text-fg-2">It ends by itself, on the node, after</div>
          <Segmented
            label="Ends after"
            value={ttl}
            options={ttls}
            change={setTtl}
            testId="fault-ttl"
          />
        </div>
      )}
    </ConfirmDialog>
  );
}

function requestOf(
  kind: FaultKind,
  peer: string,
  direction: "both" | "in" | "out",
  ttlMs: number,
): FaultRequest {
  switch (kind) {
    case "cut-link":
      return { kind, peer, direction, ttlMs };
    case "cut-postgres":
      return { kind, direction, ttlMs };
    case "pause":
    case "freeze":
      return { kind, ttlMs };
    case "crash":
      return { kind };
    default:
      return kind satisfies never;
  }
}

interface Words {
  readonly question: string;
  readonly what: string;
  readonly verb: string;
  readonly done: string;
}

/** What it touches, in the numbers of this moment. */
function wordsOf(node: NodeView, kind: FaultKind): Words {
  const { nodeId } = node;
  const shards = plural(node.owned, "shard");
  const ttl = duration(node.leaseTtlMs);
  switch (kind) {
    case "cut-link":
      return {
        question: `Cut a link of ${nodeId}?`,
        what: `Frames between the two nodes are dropped while both run on. Requests to each other's shards wait, or go round.`,
        verb: "Cut link",
        done: `Link of ${nodeId} cut.`,
      };
    case "cut-postgres":
      return {
        question: `Cut ${nodeId} from Postgres?`,
        what: `Its bytes to Postgres stop while the sockets stay open. It serves its ${shards} until its lease ends by its own clock, within ${ttl}; then they get new homes.`,
        verb: "Cut from Postgres",
        done: `${nodeId} cut from Postgres.`,
      };
    case "pause":
      return {
        question: `Pause ${nodeId}?`,
        what: `The process is stopped where it stands (SIGSTOP). After the lease of ${ttl} its ${shards} get new homes; when it wakes, it must not serve them.`,
        verb: "Pause",
        done: `${nodeId} paused.`,
      };
    case "freeze":
      return {
        question: `Freeze the event loop of ${nodeId}?`,
        what: `The process is busy and answers nobody, and its timers do not fire. After the lease of ${ttl} its ${shards} get new homes; when it goes on, it must not serve them.`,
        verb: "Freeze",
        done: `${nodeId} frozen.`,
      };
    case "crash":
      return {
        question: `Crash ${nodeId}?`,
        what: `The process is killed at once (SIGKILL). Its ${shards} get new homes as soon as its death is proven; volatile state is lost. Whoever started it may start it again.`,
        verb: "Crash node",
        done: `${nodeId} crashed.`,
      };
    default:
      return kind satisfies never;
  }
}
