"use client";
import type { NodeView } from "../../live/node-row.ts";
import { Glyph } from "../../ui/glyph.tsx";
import type { WhatIf } from "../../wire/commands.ts";
import { isConditional } from "./request.model.ts";

/** Conditions of a rebalance. Each change looks at the plan anew; nothing of it stays in the cluster. */
export function WhatIfKnobs(props: {
  readonly whatIf: WhatIf;
  readonly nodes: readonly NodeView[];
  readonly told: string;
  change(whatIf: WhatIf): void;
}) {
  const { whatIf, nodes, change } = props;
  const { cordon = [], weights = {}, maxMoves, keepHot } = whatIf;
  const setCordon = (next: readonly string[]): void => {
    const { cordon: _, ...rest } = whatIf;
    change(next.length === 0 ? rest : { ...rest, cordon: [...next] });
  };
  const setWeight = (nodeId: string, weight: number | null): void => {
    const { weights: _, ...rest } = whatIf;
    const next = { ...weights };
    if (weight === null) delete next[nodeId];
    else next[nodeId] = weight;
    change(Object.keys(next).length === 0 ? rest : { ...rest, weights: next });
  };
  const setMax = (text: string): void => {
    const { maxMoves: _, ...rest } = whatIf;
    change(/^\d{1,6}$/.test(text) ? { ...rest, maxMoves: Number(text) } : rest);
  };
  const add = (choice: string): void => {
    const [kind, nodeId = ""] = choice.split(/:(.*)/s);
    if (kind === "cordon") setCordon([...cordon, nodeId]);
    else setWeight(nodeId, 0.5);
  };
  return (
    <fieldset className="text-2 flex flex-wrap items-center gap-x-2.5 gap-y-2 border-line-1 border-b px-(--gutter) py-2.5">
      <legend className="sr-only">What if</legend>
      <span className="text-fg-2">What if</span>
      {cordon.map((nodeId) => (
        <span key={nodeId} className="knob">
          <span>cordon</span>
          <b>{nodeId}</b>
          <Remove
            label={`cordon ${nodeId}`}
            remove={() => setCordon(cordon.filter((it) => it !== nodeId))}
          />
        </span>
      ))}
      {Object.entries(weights).map(([nodeId, weight]) => (
        <span key={nodeId} className="knob">
          <label htmlFor={`weight-${nodeId}`}>weight {nodeId}</label>
          <input
            id={`weight-${nodeId}`}
            type="number"
            min={0.1}
            max={100}
            step={0.1}
            defaultValue={weight}
            onChange={({ target }) =>
              target.valueAsNumber > 0 && setWeight(nodeId, target.valueAsNumber)
            }
          />
          <Remove label={`weight of ${nodeId}`} remove={() => setWeight(nodeId, null)} />
        </span>
      ))}
      <span className="knob">
        <label htmlFor="max-moves">at most</label>
        <input
          id="max-moves"
          inputMode="numeric"
          placeholder="all"
          defaultValue={maxMoves ?? ""}
          aria-label="Moves at most"
          onChange={({ target }) => setMax(target.value)}
        />
        <span>moves</span>
      </span>
      <label className="inline-flex h-7 items-center gap-1.5">
        <input
          type="checkbox"
          className="accent-ink"
          checked={keepHot === true}
          onChange={({ target }) => {
            const { keepHot: _, ...rest } = whatIf;
            change(target.checked ? { ...rest, keepHot: true } : rest);
          }}
        />
        keep hot shards still
      </label>
      <select
        className="inp quiet"
        aria-label="Add condition"
        value=""
        onChange={({ target }) => add(target.value)}
      >
        <option value="" disabled>
          Add condition
        </option>
        <optgroup label="Cordon: gets nothing">
          {nodes
            .filter((it) => !cordon.includes(it.nodeId))
            .map(({ nodeId }) => (
              <option key={nodeId} value={`cordon:${nodeId}`}>
                cordon {nodeId}
              </option>
            ))}
        </optgroup>
        <optgroup label="Weight">
          {nodes
            .filter((it) => weights[it.nodeId] === undefined)
            .map(({ nodeId, weight }) => (
              <option key={nodeId} value={`weight:${nodeId}`}>
                weight {nodeId} (now {weight})
              </option>
            ))}
        </optgroup>
      </select>
      <span className="flex-1" />
      <span className="n text-fg-2" data-testid="preview-took">
        {props.told}
      </span>
      {isConditional(whatIf) && (
        <p className="w-full text-fg-2" data-testid="what-if-note">
          Conditions hold for this plan only. The cluster keeps its own weights and cordons, and
          balances itself by those when a node joins or is lost.
        </p>
      )}
    </fieldset>
  );
}

function Remove(props: { readonly label: string; remove(): void }) {
  return (
    <button type="button" aria-label={`Remove ${props.label}`} onClick={props.remove}>
      <Glyph name="cross" className="size-2.5" />
    </button>
  );
}
