import { memo } from "react";
import { Glyph } from "../../../ui/glyph.tsx";
import { linkLook } from "./link-look.ts";
import { cellName, type LinkCell } from "./links.model.ts";

interface LinkCellProps {
  readonly cell: LinkCell;
  readonly isPending: boolean;
  readonly isWordy: boolean;
  /** It is the one that Tab leads to. */
  readonly isReached: boolean;
  /** Why a press would do nothing. */
  readonly off: string | null;
  press(cell: LinkCell): void;
}

/**
 * One direction of one link. Pressed means: something is set on it. What is seen of it stands beside
 * that where the two differ.
 */
export const LinkCellButton = memo(
  (props: LinkCellProps) => {
    const { cell, isPending, isWordy } = props;
    const { glyph, tone, word } = linkLook[cell.state];
    const isQuiet = cell.state === "up";
    const isSet = cell.faults.length > 0;
    return (
      <button
        type="button"
        className="link-cell"
        data-testid="link-cell"
        data-from={cell.from}
        data-to={cell.to}
        data-state={cell.state}
        data-connected={cell.isConnected ?? "unknown"}
        aria-pressed={isSet}
        aria-label={cellName(cell)}
        aria-disabled={props.off !== null}
        aria-busy={isPending}
        tabIndex={props.isReached ? 0 : -1}
        title={titleOf(cell, props.off)}
        onClick={() => props.off === null && props.press(cell)}
      >
        {isPending && (
          <span className="text-fg-2">{isWordy ? (isSet ? "heals" : "sets") : "…"}</span>
        )}
        {!isPending && !(isQuiet && !isWordy) && (
          <>
            {!isQuiet && <Glyph name={glyph} tone={tone} />}
            {isWordy && <span>{cell.state === "slow" ? `${cell.delayMs} ms` : word}</span>}
          </>
        )}
        {!isPending && isWordy && isSet && cell.isConnected === (cell.state === "cut") && (
          <span className="seen">{cell.isConnected ? "still up" : "down"}</span>
        )}
      </button>
    );
  },
  (a, b) =>
    a.isPending === b.isPending &&
    a.isWordy === b.isWordy &&
    a.isReached === b.isReached &&
    a.off === b.off &&
    a.press === b.press &&
    isSame(a.cell, b.cell),
);

function titleOf(cell: LinkCell, off: string | null): string {
  const [first] = cell.faults;
  const press = first === undefined ? "" : " Press to heal it.";
  return `${cellName(cell)}. ${cell.note}${press}${off === null ? "" : ` Off: ${off}.`}`;
}

const isSame = (a: LinkCell, b: LinkCell): boolean =>
  a.from === b.from &&
  a.to === b.to &&
  a.state === b.state &&
  a.isConnected === b.isConnected &&
  a.delayMs === b.delayMs &&
  a.note === b.note &&
  a.faults.length === b.faults.length &&
  a.faults.every((it, index) => it.id === b.faults[index]?.id);
