import { OptionsError } from "../errors.ts";
import type { Nodes } from "./node-ring.ts";

/** What a node's HTTP takes. @unit milliseconds */
const longestDeadlineMs = 60_000;

/** @throws {OptionsError} naming the value and what is accepted. */
export function checkClientOptions(options: {
  readonly nodes: Nodes;
  readonly token?: string;
  readonly deadlineMs: number;
  readonly connections: number;
}): void {
  const { nodes, token, deadlineMs, connections } = options;
  if (typeof nodes !== "function") {
    if (nodes.length === 0) throw new OptionsError("nodes is empty: give the URL of one node.");
    for (const node of nodes) baseOf(node);
  }
  if (token !== undefined && !/^[\x21-\x7e]+$/.test(token)) {
    throw new OptionsError("token must be printable ASCII without spaces: it travels in a header.");
  }
  if (!Number.isInteger(connections) || connections < 1) {
    throw new OptionsError(`connections is ${connections}; it must be a whole number from 1 on.`);
  }
  checkDeadline(deadlineMs);
}

/** @throws {OptionsError} */
export function checkDeadline(deadlineMs: number): void {
  if (Number.isInteger(deadlineMs) && deadlineMs >= 1 && deadlineMs <= longestDeadlineMs) return;
  throw new OptionsError(
    `deadlineMs is ${deadlineMs}; it must be a whole number from 1 to ${longestDeadlineMs}.`,
  );
}

/** The nodes' addresses as they are now, each checked. */
export const nodesOf = (nodes: Nodes): (() => readonly string[]) => {
  if (typeof nodes === "function") return () => nodes().map(baseOf);
  const bases = nodes.map(baseOf);
  return () => bases;
};

/** Without a slash at its end. A path before the node's own is a proxy's. @throws {OptionsError} */
function baseOf(node: string): string {
  const url = URL.canParse(node) ? new URL(node) : null;
  const isPlain = url?.username === "" && url.password === "" && url.search + url.hash === "";
  if (isPlain && (url.protocol === "http:" || url.protocol === "https:")) {
    return url.href.replace(/\/+$/, "");
  }
  // Not the value itself where it may carry a password.
  const what = url !== null && url.password !== "" ? "A URL with a password" : `"${node}"`;
  throw new OptionsError(`${what} cannot be a node's: give one like http://10.0.0.7:4101.`);
}
