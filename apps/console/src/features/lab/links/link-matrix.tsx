import { type KeyboardEvent, useRef, useState } from "react";
import { ScrollRegion } from "../../../ui/scroll-region.tsx";
import { LinkCellButton } from "./link-cell-button.tsx";
import type { LinkCell } from "./links.model.ts";
import { isSelf, type Matrix, type Place, stepPlace } from "./matrix.model.ts";

interface LinkMatrixProps {
  readonly matrix: Matrix;
  /** Why a press would do nothing. */
  offOf(cell: LinkCell): string | null;
  isPending(cell: LinkCell): boolean;
  press(cell: LinkCell): void;
}

/** From row to column. One cell is in the order of Tab; arrows lead from there. */
export function LinkMatrix({ matrix, offOf, isPending, press }: LinkMatrixProps) {
  const { nodes, rows, isWordy } = matrix;
  const table = useRef<HTMLTableElement>(null);
  const [place, setPlace] = useState<Place>({ row: 0, column: 0 });
  const isInside = place.row < nodes.length && place.column <= nodes.length;
  const reached = isInside ? place : { row: 0, column: 0 };
  const onKey = (event: KeyboardEvent): void => {
    const to = stepPlace(reached, event.key, nodes.length);
    if (to === null) return;
    event.preventDefault();
    setPlace(to);
    const cell = table.current?.rows[to.row + 1]?.cells[to.column + 1];
    cell?.querySelector("button")?.focus();
  };
  return (
    <ScrollRegion label="Links, scrollable">
      <table
        ref={table}
        // biome-ignore lint/a11y/noNoninteractiveElementToInteractiveRole: cells that are pressed make a grid
        role="grid"
        aria-label="Links"
        className="links"
        data-wordy={isWordy}
        onKeyDown={onKey}
      >
        <thead>
          <tr>
            <td />
            <th scope="col">Postgres</th>
            {nodes.map(({ nodeId }) => (
              <th key={nodeId} scope="col">
                <span>{nodeId}</span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((cells, row) => (
            <tr key={nodes[row]?.nodeId}>
              <th scope="row">{nodes[row]?.nodeId}</th>
              {cells.map((cell, column) => (
                <td key={cell.to} onFocus={() => setPlace({ row, column })}>
                  {isSelf({ row, column }) ? (
                    <span className="link-cell" data-self="true" />
                  ) : (
                    <LinkCellButton
                      cell={cell}
                      isPending={isPending(cell)}
                      isWordy={isWordy}
                      isReached={row === reached.row && column === reached.column}
                      off={offOf(cell)}
                      press={press}
                    />
                  )}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </ScrollRegion>
  );
}
