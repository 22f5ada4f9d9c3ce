import { isIP } from "node:net";
import type { NodeConfig } from "../config.ts";

const everyAddress = new Set(["0.0.0.0", "::", "::0", "0:0:0:0:0:0:0:0"]);

/** Whether only this machine can reach a listener on this host. */
export function isLoopback(host: string): boolean {
  const name = host.toLowerCase().replace(/^\[(.*)\]$/, "$1");
  if (name === "localhost" || name === "::1") return true;
  return isIP(name) === 4 && name.startsWith("127.");
}

/** What settings say about each other. @returns one sentence per problem. */
export function crossChecks(config: NodeConfig): readonly string[] {
  const problems: string[] = [];
  if (!isLoopback(config.host)) {
    if (config.token === undefined) {
      problems.push(
        `LEASEHOLD_HOST=${config.host} is not a loopback address and LEASEHOLD_TOKEN is not set: ` +
          "anybody who reaches the port could move shards. Set a token, or listen on 127.0.0.1.",
      );
    }
    if (config.secret === undefined) {
      problems.push(
        `LEASEHOLD_HOST=${config.host} is not a loopback address and LEASEHOLD_SECRET is not set: ` +
          "anybody who reaches the port could join the mesh. Set a secret, or listen on 127.0.0.1.",
      );
    }
  }
  if (config.openLoopback && !isLoopback(config.host)) {
    problems.push(
      `LEASEHOLD_OPEN_LOOPBACK=on and LEASEHOLD_HOST=${config.host}: others could reach the node ` +
        "without a token. Listen on 127.0.0.1, or leave it off.",
    );
  }
  problems.push(...tokenProblems(config));
  if (everyAddress.has(config.host) && config.advertiseUrl === undefined) {
    problems.push(
      `LEASEHOLD_HOST=${config.host} listens on every address and LEASEHOLD_ADVERTISE_URL is not set: ` +
        "other nodes would not know which one to use. Set the URL that reaches this node.",
    );
  }
  if (config.advertiseUrl !== undefined && isLoopback(config.host)) {
    const { hostname } = new URL(config.advertiseUrl);
    if (config.token === undefined && !isLoopback(hostname)) {
      problems.push(
        `LEASEHOLD_ADVERTISE_URL=${config.advertiseUrl} is not a loopback address and LEASEHOLD_TOKEN is not set: ` +
          "without a token requests for a foreign host name are refused. Set a token.",
      );
    }
  }
  return problems;
}

const roleTokens = [
  ["tokenViewer", "LEASEHOLD_TOKEN_VIEWER"],
  ["tokenOperator", "LEASEHOLD_TOKEN_OPERATOR"],
  ["tokenChaos", "LEASEHOLD_TOKEN_CHAOS"],
] as const;

function tokenProblems(config: NodeConfig): string[] {
  const problems: string[] = [];
  const seen = new Map<string, string>();
  if (config.token !== undefined) seen.set(config.token, "LEASEHOLD_TOKEN");
  for (const [name, variable] of roleTokens) {
    const token = config[name];
    if (token === undefined) continue;
    if (config.token === undefined) {
      problems.push(
        `${variable} is set and LEASEHOLD_TOKEN is not: nobody could run an entity's command. Set both.`,
      );
    }
    const other = seen.get(token);
    if (other !== undefined) {
      problems.push(`${variable} is the same as ${other}: a token has one role. Choose another.`);
    }
    seen.set(token, variable);
  }
  return problems;
}
