/** `namespace/type/id`: how chains and maps name an entity. */
export const entityKey = (namespace: string, type: string, id: string): string =>
  `${namespace}/${type}/${id}`;

/** Longest id, in UTF-16 code units. */
const idLimit = 512;
const namespacePattern = /^[a-zA-Z0-9._-]{1,64}$/;

/** Postgres stores whole Unicode without U+0000. */
export const idStoreFault = (id: string): string | null =>
  id.isWellFormed() && !id.includes("\0")
    ? null
    : "The id of a durable entity must be whole Unicode without U+0000.";

/** What is wrong with an address, or null. With a slash in a namespace two entities could share a key. */
export function addressFault(namespace: string, id: string): string | null {
  if (!namespacePattern.test(namespace)) {
    return `The namespace ${JSON.stringify(namespace)} must have 1 to 64 letters, digits, ".", "_" or "-".`;
  }
  if (id.length === 0 || id.length > idLimit) return `The id must have 1 to ${idLimit} characters.`;
  return null;
}
