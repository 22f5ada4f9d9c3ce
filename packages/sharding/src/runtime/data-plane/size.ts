/**
 * Roughly how many bytes plain data takes on the wire: what the bounds of buffers count. An estimate
 * is enough, and encoding every waiting request twice is not worth an exact one.
 *
 * @param maxVisits values that are looked at; each has three bytes at least.
 */
export function approximateBytes(value: unknown, maxVisits = 10_000): number {
  let bytes = 0;
  const rest: unknown[] = [value];
  // The bound on visits also ends a walk through data that contains itself.
  for (let visits = 0; rest.length > 0 && visits < maxVisits; visits += 1) {
    const next = rest.pop();
    bytes += sizeOf(next);
    if (Array.isArray(next)) rest.push(...next.slice(0, maxVisits));
    else if (isRecord(next)) {
      for (const key of Object.keys(next)) {
        bytes += key.length + 3;
        rest.push(next[key]);
      }
    }
  }
  return bytes;
}

function sizeOf(value: unknown): number {
  if (typeof value === "string") return value.length + 3;
  if (ArrayBuffer.isView(value)) return value.byteLength + 5;
  return typeof value === "number" || typeof value === "bigint" ? 9 : 3;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !ArrayBuffer.isView(value);
