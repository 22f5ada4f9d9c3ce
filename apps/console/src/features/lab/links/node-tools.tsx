import { useState } from "react";
import type { NodeView } from "../../../live/node-row.ts";
import { Button } from "../../../ui/button.tsx";
import { Glyph } from "../../../ui/glyph.tsx";
import type { GlyphName } from "../../../ui/glyph-paths.ts";
import { FaultDialog, type FaultKind } from "../../faults/fault-dialog.tsx";
import { Field } from "./link-tools.tsx";

const verbs: readonly (readonly [FaultKind, string, GlyphName])[] = [
  ["pause", "Pause…", "pause"],
  ["freeze", "Freeze loop…", "clock"],
  ["crash", "Crash…", "cross"],
];

/** What is done to a whole node. Each asks first, and says what it touches. */
export function NodeTools(props: {
  readonly nodes: readonly NodeView[];
  readonly off: string | null;
}) {
  const [chosen, setChosen] = useState<string | null>(null);
  const [kind, setKind] = useState<FaultKind | null>(null);
  const node = props.nodes.find((it) => it.nodeId === chosen) ?? props.nodes[0];
  if (node === undefined) return null;
  const off = props.off ?? (node.condition === "dead" ? "the node is dead" : null);
  return (
    <Field title="Node">
      <select
        className="inp font-mono"
        aria-label="Node to break"
        value={node.nodeId}
        onChange={(event) => setChosen(event.target.value)}
      >
        {props.nodes.map(({ nodeId }) => (
          <option key={nodeId}>{nodeId}</option>
        ))}
      </select>
      {verbs.map(([verb, label, glyph]) => (
        <Button key={verb} off={off} testId={`lab-${verb}`} onClick={() => setKind(verb)}>
          {off === null && <Glyph name={glyph} className="text-fg-2" />}
          {label}
        </Button>
      ))}
      {kind !== null && <FaultDialog node={node} kind={kind} close={() => setKind(null)} />}
    </Field>
  );
}
