"use client";
import type { NodeView } from "../../live/node-row.ts";
import { runCommand } from "../../live/run-command.ts";
import { duration, plural } from "../../live/say.ts";
import { useLacks, useLive } from "../../live/use-live.ts";
import { Button } from "../../ui/button.tsx";
import { Glyph } from "../../ui/glyph.tsx";
import { SectionHead } from "../../ui/section.tsx";
import { commandNeeds } from "../../wire/roles.ts";

/** The faults that a node itself reports: what is not in this list is not broken on purpose. */
export function NodeFaults({ node }: { readonly node: NodeView }) {
  const isPast = useLive((it) => it.moment !== null);
  const lacks = useLacks(commandNeeds.heal);
  return (
    <>
      <SectionHead
        title="Faults"
        meta={
          node.faultsOn
            ? node.faults.length === 0
              ? "none"
              : plural(node.faults.length, "fault")
            : "off for this node"
        }
      />
      {node.faults.length > 0 && (
        <ul className="border-line-1 border-y" aria-label={`Faults of ${node.nodeId}`}>
          {node.faults.map((it) => (
            <li
              key={it.id}
              data-testid="fault-item"
              data-kind={it.kind}
              className="text-2 flex items-center gap-2 px-(--gutter) py-1.5"
            >
              <Glyph name="bolt" tone="warning" />
              <span className="text-warning-text">{it.kind}</span>
              <span className="n truncate text-fg-2">{Object.values(it.detail).join(" ")}</span>
              <span className="n ml-auto text-fg-2">{duration(it.expiresInMs)}</span>
              <Button
                kind="ghost"
                off={isPast ? "historical" : lacks}
                aria-label={`Heal ${it.kind} of ${node.nodeId}`}
                onClick={() =>
                  void runCommand(
                    { kind: "heal", nodeId: node.nodeId, faultId: it.id },
                    `${it.kind} healed.`,
                  )
                }
              >
                Heal
              </Button>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}
