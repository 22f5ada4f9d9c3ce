import type { ActiveFault } from "@leasehold/sharding/observe";
import { type Sentence, say } from "../../live/say.ts";

/** What a fault does to whom, in one sentence. `in` and `out` are as the node sees them. */
export function faultSentence(nodeId: string, { kind, detail }: ActiveFault): Sentence {
  const peer = kind.endsWith("-postgres") ? "Postgres" : String(detail["peer"] ?? "");
  const [from, to] = detail["direction"] === "in" ? [peer, nodeId] : [nodeId, peer];
  const isOneWay = detail["direction"] === "in" || detail["direction"] === "out";
  const delay = `${detail["delayMs"] ?? 0} ms`;
  switch (kind) {
    case "cut-link":
    case "cut-postgres":
      return isOneWay ? say`${from} to ${to}: cut` : say`${nodeId} and ${peer}: cut both ways`;
    case "slow-link":
      return isOneWay
        ? say`${from} to ${to}: ${delay} late`
        : say`${nodeId} and ${peer}: ${delay} late both ways`;
    case "slow-postgres":
      return say`${nodeId} to ${peer}: ${delay} late`;
    case "pause":
      return say`${nodeId} is paused (SIGSTOP)`;
    case "freeze":
      return say`${nodeId}'s event loop is blocked`;
    case "crash-at":
      return say`${nodeId} will crash at ${String(detail["step"] ?? "a step")}`;
    default:
      // A newer node may know more kinds: its own word is better than none.
      return say`${nodeId}: ${kind}`;
  }
}
