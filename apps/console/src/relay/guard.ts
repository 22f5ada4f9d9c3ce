import type { IncomingMessage } from "node:http";
import { commandHeader } from "../wire/commands.ts";
import type { ConsoleConfig } from "./config.ts";
import { isLoopbackName } from "./loopback.ts";

/**
 * From where the console may be talked to; who may is the question after this one (`access/`). What it must
 * refuse everywhere is another site's page that makes this browser act for it, by a foreign Origin or by a
 * name that was pointed here afterwards.
 */
export class Guard {
  readonly #isLoopback: boolean;
  readonly #origin: string | undefined;

  constructor(config: Pick<ConsoleConfig, "host" | "origin">) {
    this.#isLoopback = isLoopbackName(config.host);
    this.#origin = config.origin;
  }

  /** Why the request is refused, or null. */
  refuse(request: IncomingMessage): string | null {
    const { host, origin } = request.headers;
    if (host === undefined) return "no Host header";
    if (this.#isLoopback && !isLoopbackName(hostnameOf(host)) && !this.#isKnown(`http://${host}`)) {
      return "foreign Host";
    }
    if (origin !== undefined && !this.#isOwn(origin, host)) return "foreign Origin";
    return null;
  }

  /** A mutation must come from this console's own page, and say so in a way that a form cannot. */
  refuseMutation(request: IncomingMessage): string | null {
    const reason = this.refuse(request);
    if (reason !== null) return reason;
    const site = request.headers["sec-fetch-site"];
    if (site !== undefined && site !== "same-origin") return "foreign site";
    if (request.headers[commandHeader] !== "1") return `no ${commandHeader} header`;
    if (!(request.headers["content-type"] ?? "").startsWith("application/json")) return "no JSON";
    return null;
  }

  #isOwn(origin: string, host: string): boolean {
    return this.#isKnown(origin) || origin === `http://${host}` || origin === `https://${host}`;
  }

  #isKnown(origin: string): boolean {
    return this.#origin !== undefined && origin === new URL(this.#origin).origin;
  }
}

const hostnameOf = (host: string): string => host.replace(/:\d+$/, "");
