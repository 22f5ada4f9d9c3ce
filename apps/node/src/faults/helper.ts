import type { AddressInfo } from "node:net";
import { tokensFromEnv } from "../http/roles.ts";
import { readProcStat } from "../proc-stat.ts";
import { endFreeze } from "./freeze-flag.ts";
import { createHealServer } from "./heal-http.ts";
import { type FromHelper, freezeFlagFd, type ToHelper } from "./helper-messages.ts";
import { Holds } from "./holds.ts";

/**
 * The process beside a node that ends its pauses and freezes: a stopped process cannot resume itself.
 *
 * It lives exactly as long as its node: the closed IPC channel ends it, and no signal does, because a
 * signal to the whole process group must not take the one away who can resume the other.
 */
const nodePid = process.ppid;
const tell = (message: FromHelper): void => {
  process.send?.(message);
};

const holds = new Holds({
  stop: () => signalNode("SIGSTOP"),
  resume: () => signalNode("SIGCONT"),
  endFreeze: (slot) => endFreeze(freezeFlagFd, slot),
  ended: (id) => tell({ type: "ended", id }),
});

function signalNode(signal: NodeJS.Signals): void {
  // A node that is gone has closed the channel, too: this process is about to end, and the pid may
  // already be somebody else's.
  if (process.connected) process.kill(nodePid, signal);
}

function obey(message: ToHelper): void {
  switch (message.type) {
    case "hold":
      holds.begin(message.hold);
      tell({ type: "held", id: message.hold.id });
      break;
    case "act":
      holds.act(message.id);
      break;
    case "heal":
      holds.heal(message.id);
      break;
    default:
      message satisfies never;
  }
}

/** Null where the system does not tell. */
const parentOfNode = (): number | null => readProcStat(nodePid)?.parentPid ?? null;

/**
 * A stopped node cannot see that its launcher died. Whoever starts a node under a launcher expects it
 * to end with it, so a pause ends when the node gets another parent.
 */
function watchLauncher(): void {
  const launcher = parentOfNode();
  setInterval(() => {
    if (holds.list().length > 0 && parentOfNode() !== launcher) holds.heal();
  }, 500).unref();
}

process.on("message", (message) => obey(message as ToHelper));
process.on("disconnect", () => process.exit(0));
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => undefined);
// Who continues the whole process group wants its node to run: the launcher, before it stops the node.
process.on("SIGCONT", () => holds.heal());
if (process.env["LEASEHOLD_UNDER_LAUNCHER"] === "1") watchLauncher();

const server = createHealServer(holds, tokensFromEnv(process.env));
server.listen(0, "127.0.0.1", () => {
  tell({ type: "listening", port: (server.address() as AddressInfo).port });
});
