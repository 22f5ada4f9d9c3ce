/**
 * About how many bytes a message takes in a frame, without encoding it: encoding happens once per frame,
 * but the queue's bound has to hold before. Text counts one byte per character.
 *
 * @returns Infinity where the message nests deeper than `maxDepth` (a cycle does).
 */
export function messageSize(value: unknown, maxDepth: number): number {
  if (typeof value === "string") return value.length + 3;
  if (typeof value === "number") return 5;
  if (typeof value !== "object" || value === null) return 3;
  if (maxDepth === 0) return Number.POSITIVE_INFINITY;
  if (Array.isArray(value)) return listSize(value, maxDepth - 1);
  return ArrayBuffer.isView(value) ? value.byteLength + 5 : recordSize(value, maxDepth - 1);
}

function listSize(list: readonly unknown[], maxDepth: number): number {
  let bytes = 5;
  for (let index = 0; index < list.length; index++) bytes += messageSize(list[index], maxDepth);
  return bytes;
}

function recordSize(record: object, maxDepth: number): number {
  let bytes = 3;
  for (const key in record) {
    bytes += key.length + 1 + messageSize((record as Record<string, unknown>)[key], maxDepth);
  }
  return bytes;
}
