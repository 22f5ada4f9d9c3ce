import { runCommand } from "../../live/run-command.ts";
import { duration, plain, plural } from "../../live/say.ts";
import type { Summary } from "../../live/summary.ts";
import { Button } from "../../ui/button.tsx";
import { Glyph } from "../../ui/glyph.tsx";
import { SectionHead } from "../../ui/section.tsx";
import { Sentence } from "../../ui/sentence.tsx";
import { faultSentence } from "./faults.model.ts";
import { useHealOff } from "./use-lab.ts";

/** What is broken on purpose now, in the words of the nodes that carry it, and when it ends. */
export function ActiveFaults({ faults }: { readonly faults: Summary["faults"] }) {
  const off = useHealOff();
  return (
    <section aria-label="Active faults" className="border-line-1 border-t">
      <SectionHead
        title="Active faults"
        meta={faults.length === 0 ? "none: no node carries one" : plural(faults.length, "fault")}
      />
      {faults.length > 0 && (
        <ul className="border-line-1 border-t" aria-label="Active faults">
          {faults.map(({ nodeId, ...it }) => {
            const words = faultSentence(nodeId, it);
            return (
              <li
                key={`${nodeId} ${it.id}`}
                data-testid="fault-item"
                data-node-id={nodeId}
                data-kind={it.kind}
                className="text-2 flex min-h-9 items-center gap-2 border-line-1 border-b px-(--gutter) py-1"
              >
                <Glyph name="bolt" tone="warning" />
                <span className="min-w-0">
                  <Sentence words={words} />
                </span>
                <span className="ml-auto text-right text-fg-2">
                  ends in{" "}
                  <span className="n inline-block min-w-11 text-fg-0">
                    {duration(it.expiresInMs)}
                  </span>
                  <span className="small:hidden">, by the node itself</span>
                </span>
                <Button
                  kind="ghost"
                  off={off}
                  aria-label={`Heal ${plain(words)}`}
                  onClick={() =>
                    void runCommand(
                      { kind: "heal", nodeId, faultId: it.id },
                      `${plain(words)}: healed.`,
                    )
                  }
                >
                  Heal
                </Button>
              </li>
            );
          })}
        </ul>
      )}
    </section>
  );
}
