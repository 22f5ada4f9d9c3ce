import type { Setting } from "./setting.ts";

/** Cuts a value that is quoted in a message: it may be a pasted file. */
const shownLength = 120;

/** A value as it may be shown in a message or a log. */
export function redact(setting: Pick<Setting<unknown>, "secret">, value: string): string {
  if (setting.secret === "all") return "<hidden>";
  const shown = setting.secret === "password" ? redactPassword(value) : value;
  return shown.length > shownLength ? `${shown.slice(0, shownLength)}...` : shown;
}

/**
 * Hides the password of a connection URL, also of one that is no valid URL: whatever stands between
 * the first colon of the user information and the last `@`, and any `password=` parameter.
 */
const redactPassword = (url: string): string =>
  redactParameter(url.replace(/^([a-z][a-z0-9+.-]*:\/\/)?([^:@/]*):(.*)@/is, "$1$2:***@"));

/** Hides the passwords of the URLs in a text, and leaves everything else as it is: a stack has `@` in its paths. */
export const redactPasswords = (text: string): string =>
  redactParameter(text.replace(/([a-z][a-z0-9+.-]*:\/\/[^:@/\s]*):\S*@/gi, "$1:***@"));

const redactParameter = (text: string): string => text.replace(/(password=)[^&\s]*/gi, "$1***");

/** Where a Postgres URL leads, without who asks: `host:port/database`. */
export function postgresPlace(url: string): string {
  if (!URL.canParse(url)) return "an unreadable address";
  const { hostname, port, pathname, searchParams } = new URL(url);
  const host = hostname === "" ? (searchParams.get("host") ?? "") : hostname;
  return `${host}:${port === "" ? "5432" : port}/${decodeURIComponent(pathname.slice(1))}`;
}
