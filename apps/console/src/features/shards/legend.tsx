import { type CellState, cellStates } from "../../live/cell-state.ts";
import { count } from "../../live/say.ts";
import { Glyph } from "../../ui/glyph.tsx";
import { stateLook } from "../../ui/tone.ts";

/** The states that occur, with their numbers; the calm one always. */
export function Legend(props: {
  readonly cells: Readonly<Record<CellState, number>>;
  readonly believedOnly?: number;
}) {
  return (
    <ul className="legend" aria-label="States">
      {cellStates
        .filter((it) => it === "stable" || it === "handoff" || props.cells[it] > 0)
        .map((it) => (
          <li key={it} data-testid="legend-item" data-state={it} data-count={props.cells[it]}>
            <Glyph name={stateLook[it].glyph} tone={stateLook[it].tone} />
            {stateLook[it].word} <span className="n">{count(props.cells[it])}</span>
          </li>
        ))}
    </ul>
  );
}
