import type { EntityAddress } from "../../wire/entity-view.ts";

/** What was written into the form, read; `problem` says what is missing and how to say it. */
export interface ReadAddress {
  readonly address: EntityAddress;
  readonly problem: string | null;
}

/** People paste whole names: `account/alice`, `eu/account/alice`. Nothing that was written is lost. */
export function readAddress(written: EntityAddress): ReadAddress {
  const address = split({
    namespace: written.namespace.trim() === "" ? "default" : written.namespace.trim(),
    type: written.type.trim(),
    // An id may begin or end with blanks; it is taken as it is.
    id: written.id,
  });
  return { address, problem: problemOf(address) };
}

function split(it: EntityAddress): EntityAddress {
  // Where a type stands already, a slash belongs to the id.
  const whole = it.id === "" ? it.type : it.type === "" ? it.id : "";
  const [first = "", second, ...rest] = whole.split("/");
  if (second === undefined) return it;
  const isNamespaced = rest.length > 0 && it.namespace === "default";
  return isNamespaced
    ? { namespace: first, type: second, id: rest.join("/") }
    : { ...it, type: first, id: [second, ...rest].join("/") };
}

function problemOf({ type, id }: EntityAddress): string | null {
  if (type === "" && id === "")
    return "Say which entity: its type and its id, as in account/alice.";
  if (type === "") return `Say of which type ${JSON.stringify(id)} is, as in account/${id}.`;
  return id === "" ? `Say which ${type}: its id, as in ${type}/alice.` : null;
}
