import { useState } from "react";
import { plural } from "../../../live/say.ts";
import { Glyph } from "../../../ui/glyph.tsx";
import { LinkCellButton } from "./link-cell-button.tsx";
import type { LinkCell } from "./links.model.ts";
import { linksFrom, type Matrix } from "./matrix.model.ts";
import { endName } from "./press.model.ts";

/** The links of one node after another, where the screen has no room for a grid. */
export function LinkList(props: {
  readonly matrix: Matrix;
  /** Why a press would do nothing. */
  offOf(cell: LinkCell): string | null;
  isPending(cell: LinkCell): boolean;
  press(cell: LinkCell): void;
}) {
  const { matrix } = props;
  const [open, setOpen] = useState(matrix.nodes[0]?.nodeId);
  return (
    <ul className="border-line-1 border-t" aria-label="Links by node">
      {matrix.nodes.map(({ nodeId }) => {
        const links = linksFrom(matrix, nodeId);
        const broken = links.filter((it) => it.state !== "up").length;
        const isOpen = nodeId === open;
        return (
          <li key={nodeId} className="border-line-1 border-b">
            <button
              type="button"
              className="flex h-11 w-full items-center gap-2 px-(--gutter) text-left"
              aria-expanded={isOpen}
              onClick={() => setOpen(isOpen ? undefined : nodeId)}
            >
              <Glyph name={isOpen ? "down" : "right"} className="text-fg-2" />
              <span className="n text-fg-0">{nodeId}</span>
              <span className="text-2 ml-auto text-fg-2">
                {broken === 0 ? `${plural(links.length, "link")} up` : `${broken} not up`}
              </span>
            </button>
            {isOpen && (
              <ul className="pb-2" aria-label={`Links of ${nodeId}`}>
                {links.map((cell) => (
                  <li key={cell.to} className="flex items-center gap-3 px-(--gutter) py-1">
                    <span className="text-2 min-w-0 flex-1">
                      to <span className="n text-fg-0">{endName(cell.to)}</span>
                      {cell.note !== "" && <span className="block text-fg-2">{cell.note}</span>}
                    </span>
                    <LinkCellButton
                      cell={cell}
                      isPending={props.isPending(cell)}
                      isWordy
                      isReached
                      off={props.offOf(cell)}
                      press={props.press}
                    />
                  </li>
                ))}
              </ul>
            )}
          </li>
        );
      })}
    </ul>
  );
}
