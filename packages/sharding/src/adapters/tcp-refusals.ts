import { connect } from "node:net";
import type { Refusals } from "../ports/refusals.ts";

/** @unit milliseconds */
const patienceMs = 1_000;

/** Asks by a TCP connection that is closed as soon as it is open. */
export const tcpRefusals: Refusals = {
  isRefused(address) {
    const { hostname, port, protocol } = new URL(address);
    const host = hostname.replace(/^\[|\]$/g, "");
    const target = { host, port: Number(port || (protocol === "https:" ? 443 : 80)) };
    return new Promise((resolve) => {
      const socket = connect({ ...target, timeout: patienceMs });
      const answer = (refused: boolean): void => {
        socket.destroy();
        resolve(refused);
      };
      socket.once("connect", () => answer(false));
      socket.once("timeout", () => answer(false));
      socket.once("error", (error: NodeJS.ErrnoException) => answer(error.code === "ECONNREFUSED"));
    });
  },
};
