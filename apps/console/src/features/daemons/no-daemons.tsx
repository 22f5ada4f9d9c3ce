import { ScrollRegion } from "../../ui/scroll-region.tsx";
import { Empty } from "../../ui/section.tsx";

const example = `const Settler = defineDaemon("settler", { workers: 2, run: settle });

async function settle({ ticks, node }: DaemonContext): Promise<void> {
  for await (const _ of ticks(500)) await node.entity(Lot, "lot-1").settle();
}`;

/** What a daemon is, and how to have one. */
export function NoDaemons() {
  return (
    <>
      <Empty title="This cluster has no daemon">
        A daemon is work that always goes on in a set number of places: each of its workers runs on
        exactly one node, and starts on another one when it fails or its node goes. Give one to{" "}
        <span className="n">startNode</span> in its list of <span className="n">daemons</span>, or
        export it from the module that <span className="n">LEASEHOLD_ENTITIES</span> names.
      </Empty>
      <div className="-mt-3 max-w-[calc(600px+2*var(--gutter))] px-(--gutter) pb-6">
        <ScrollRegion label="A daemon in five lines">
          <pre className="text-2 w-max min-w-full rounded-(--r-2) border border-line-1 bg-bg-1 px-3 py-2 font-mono text-fg-0">
            {example}
          </pre>
        </ScrollRegion>
      </div>
    </>
  );
}
