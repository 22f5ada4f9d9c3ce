import { Button } from "../../ui/button.tsx";
import { Glyph } from "../../ui/glyph.tsx";
import { useVirtualRows } from "../../ui/rows/use-virtual-rows.ts";
import { SpacerRow } from "../../ui/spacer-row.tsx";
import type { AuditAction } from "../../wire/audit-view.ts";
import { changeText, resultLook, resultOf } from "./audit.model.ts";

/** One row an action; only those in sight are drawn. */
export function AuditTable(props: {
  readonly actions: readonly AuditAction[];
  readonly selected: string | null;
  /** Null where there is nothing older. */
  readonly older: (() => void) | null;
  select(action: string): void;
}) {
  const { actions } = props;
  const { scroller, items, above, below } = useVirtualRows(actions.length);
  return (
    <div ref={scroller} className="h-full overflow-auto">
      <table className="tbl" aria-label="Actions" aria-rowcount={actions.length}>
        <thead className="sticky top-0 z-1 bg-bg-0">
          <tr>
            <th>Time (UTC)</th>
            <th>Who</th>
            <th className="small:hidden">Role</th>
            <th>Action</th>
            <th>About</th>
            <th>Outcome</th>
            <th className="small:hidden">What changed</th>
          </tr>
        </thead>
        <tbody>
          <SpacerRow height={above} />
          {items.map(({ index }) => {
            const it = actions[index];
            return it === undefined ? null : (
              <Row
                key={it.action}
                it={it}
                at={index}
                isSelected={it.action === props.selected}
                select={props.select}
              />
            );
          })}
          <SpacerRow height={below} />
        </tbody>
      </table>
      {props.older !== null && (
        <div className="p-(--gutter)">
          <Button onClick={props.older}>Read older actions</Button>
        </div>
      )}
    </div>
  );
}

function Row(props: {
  readonly it: AuditAction;
  readonly at: number;
  readonly isSelected: boolean;
  select(action: string): void;
}) {
  const { it } = props;
  const result = resultOf(it);
  const { glyph, tone } = resultLook[result];
  return (
    <tr
      aria-rowindex={props.at + 2}
      data-testid="audit-row"
      data-action={it.action}
      data-result={result}
      data-selected={props.isSelected}
      onClick={() => props.select(it.action)}
    >
      <td className="n" title={`${it.at}, in UTC`}>
        <button type="button" aria-pressed={props.isSelected}>
          <span className="small:hidden">{it.at.slice(5, 10)} </span>
          {it.at.slice(11, 19)}
        </button>
      </td>
      <td className="text-fg-0">{it.actor}</td>
      <td className="small:hidden">{it.role ?? "–"}</td>
      <td className="font-mono tracking-[-.02em] text-fg-0">{it.kind}</td>
      <td className="n max-w-56 truncate">{it.subject}</td>
      <td>
        <Glyph name={glyph} tone={tone} className="mr-1.5 align-[-1px]" />
        {result}
      </td>
      <td className="max-w-0 truncate small:hidden" title={changeText(it)}>
        {changeText(it)}
      </td>
    </tr>
  );
}
