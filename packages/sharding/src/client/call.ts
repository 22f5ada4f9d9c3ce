import { CommandInvalidError } from "../errors.ts";
import type { AskRequest } from "../node-api.ts";

/** Where a node takes the command. @throws {CommandInvalidError} where a URL cannot say it. */
export function pathOf({ namespace, type, id, command }: AskRequest): string {
  const names = Object.entries({ type, id, command });
  const segments = names.map(([what, name]) => segmentOf(what, name));
  const query = namespace === undefined ? "" : `?namespace=${encode("namespace", namespace)}`;
  return `/v1/entities/${segments.join("/")}${query}`;
}

function segmentOf(what: string, name: string): string {
  // A URL's parser takes dots for folders, also in their escaped form.
  if (name !== "" && name !== "." && name !== "..") return encode(what, name);
  throw invalid(what, `is "${name}", which cannot be a part of a URL`);
}

function encode(what: string, name: string): string {
  if (name.isWellFormed()) return encodeURIComponent(name);
  throw invalid(what, "contains half of a surrogate pair");
}

/**
 * The input as JSON; undefined where there is none.
 *
 * @throws {CommandInvalidError} for what JSON would change or leave out: it would arrive as something else.
 */
export function bodyOf(input: unknown): string | undefined {
  if (input === undefined) return undefined;
  checkJson(input, "input", 0);
  return JSON.stringify(input);
}

/** The node's own limit. It ends the search in a value that contains itself, too. */
const maxDepth = 100;

function checkJson(value: unknown, path: string, depth: number): void {
  if (typeof value === "number" && !Number.isFinite(value)) throw invalid(path, `is ${value}`);
  if (typeof value === "bigint" || typeof value === "function" || typeof value === "symbol") {
    throw invalid(path, `is a ${typeof value}`);
  }
  if (typeof value !== "object" || value === null) return;
  if (depth === maxDepth) throw invalid(path, `is below ${maxDepth} levels, or contains itself`);
  if (!Array.isArray(value) && !isRecord(value)) {
    throw invalid(path, `is an instance of ${value.constructor?.name ?? "a class"}`);
  }
  for (const [key, item] of Object.entries(value)) {
    // Left out of an object, as everywhere; in a list it would become null.
    if (item === undefined && Array.isArray(value)) throw invalid(`${path}.${key}`, "is undefined");
    checkJson(item, `${path}.${key}`, depth + 1);
  }
}

function isRecord(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

const invalid = (path: string, message: string): CommandInvalidError =>
  new CommandInvalidError(`The command cannot be sent: ${path} ${message}.`, [{ path, message }]);
