import type { NodeView } from "../../live/node-row.ts";
import { live } from "../../live/use-live.ts";
import { whyNode } from "../../live/why-node.ts";
import { nodeLook } from "../../ui/tone.ts";
import { Why } from "../../ui/why.tsx";

/** Why a node is marked as it is. Nothing where it is as it should be. */
export function WhyNode({ node }: { readonly node: NodeView }) {
  return (
    <Why
      about={`${node.nodeId} is ${nodeLook[node.condition].word}`}
      sentences={whyNode(node, live.mirror.log.entries)}
    />
  );
}
