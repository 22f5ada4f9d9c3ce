import { createHash } from "node:crypto";

/**
 * Of a command and its input, whatever the order of the input's fields: what tells a repeated request
 * from another one under the same idempotency key. It is stored, so it never changes.
 */
export function bodyHashOf({
  command,
  input,
}: {
  readonly command: string;
  readonly input: unknown;
}): string {
  const body = JSON.stringify([command, input ?? null], (_key, value: unknown) => {
    if (typeof value === "bigint") return `${value}n`;
    if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
    return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
  return createHash("sha256").update(body).digest("hex");
}
