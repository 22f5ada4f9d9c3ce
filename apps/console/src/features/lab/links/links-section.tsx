import { useCallback, useEffect, useRef, useState } from "react";
import type { NodeView } from "../../../live/node-row.ts";
import { count } from "../../../live/say.ts";
import { ConfirmDialog } from "../../../ui/confirm-dialog.tsx";
import { SectionHead } from "../../../ui/section.tsx";
import { useIsPhone } from "../../../ui/use-is-phone.ts";
import { environmentKind, useEnvironment } from "../../frame/environment.ts";
import { useHealOff, useLabOff } from "../use-lab.ts";
import { LinkList } from "./link-list.tsx";
import { LinkMatrix } from "./link-matrix.tsx";
import { LinkTools } from "./link-tools.tsx";
import type { LinkCell } from "./links.model.ts";
import { matrixOf } from "./matrix.model.ts";
import { NodeTools } from "./node-tools.tsx";
import { endName, firstTool, pressOf, type Tool } from "./press.model.ts";
import { usePress } from "./use-press.ts";

/** More nodes than this are looked for by name. */
const filterAbove = 12;

/** Who reaches whom, and the way to break it. */
export function LinksSection({ nodes }: { readonly nodes: readonly NodeView[] }) {
  const [filter, setFilter] = useState("");
  const [tool, setTool] = useState(firstTool);
  const isPhone = useIsPhone();
  const off = useLabOff();
  const healOff = useHealOff();
  const { isPending, press, question } = useLinkPress(nodes, tool);
  const matrix = matrixOf(nodes, filter);
  const hidden = matrix.found - matrix.nodes.length;
  const offOf = (cell: LinkCell) => (cell.faults.length > 0 ? healOff : off);
  const body = { matrix, offOf, isPending, press };
  return (
    <section aria-label="Links" className="border-line-1 border-t">
      <SectionHead
        title="Links"
        meta={
          off === null ? "press a link to break or heal it · from row to column" : `Off: ${off}`
        }
      />
      {nodes.length > filterAbove && (
        <div className="text-2 flex items-center gap-3 px-(--gutter) pb-2">
          <input
            className="inp w-56"
            type="search"
            aria-label="Nodes to show"
            placeholder="node-07, node-1"
            value={filter}
            onChange={(event) => setFilter(event.target.value)}
          />
          <span className="text-fg-2" data-testid="links-shown">
            {hidden > 0
              ? `${count(matrix.nodes.length)} of ${count(matrix.found)} nodes; name some to see the others`
              : `${count(matrix.nodes.length)} of ${count(nodes.length)} nodes`}
          </span>
        </div>
      )}
      <div className="links-grid">
        {isPhone ? <LinkList {...body} /> : <LinkMatrix {...body} />}
        <div className="space-y-3 phone:px-(--gutter)">
          <LinkTools tool={tool} change={setTool} />
          <NodeTools nodes={nodes} off={off} />
        </div>
      </div>
      {question}
    </section>
  );
}

/** A press acts at once, so that breaking is one press; in production it asks first. */
function useLinkPress(nodes: readonly NodeView[], tool: Tool) {
  const isProduction = environmentKind(useEnvironment().name) === "production";
  const { isPending, press: carryOut } = usePress();
  const [asked, setAsked] = useState<LinkCell | null>(null);
  const act = (cell: LinkCell): Promise<void> => carryOut(cell, pressOf(cell, tool, nodes));
  const latest = useRef<(cell: LinkCell) => void>(undefined);
  useEffect(() => {
    latest.current = (cell) => {
      if (isProduction && cell.faults.length === 0) setAsked(cell);
      else void act(cell);
    };
  });
  // One function for the life of the page: hundreds of cells do not render again for a new one.
  const press = useCallback((cell: LinkCell) => latest.current?.(cell), []);
  const question = asked !== null && (
    <ConfirmDialog
      isOpen
      title={`${tool.kind === "cut" ? "Cut" : "Slow"} ${asked.from} to ${endName(asked.to)}?`}
      verb={tool.kind === "cut" ? "Cut link" : "Slow link"}
      close={() => setAsked(null)}
      confirm={() => act(asked)}
    >
      <p>This cluster is called production. The fault ends by itself, on the node.</p>
    </ConfirmDialog>
  );
  return { isPending, press, question };
}
