import { useState } from "react";
import type { EntityAddress } from "../../wire/entity-view.ts";

/** Type, id and namespace; Enter looks. */
export function LookUp(props: {
  readonly address: EntityAddress;
  readonly onSubmit: (address: EntityAddress) => void;
}) {
  const [address, setAddress] = useState(props.address);
  const isWhole = address.type !== "" && address.id !== "" && address.namespace !== "";
  const field = (name: keyof EntityAddress, placeholder: string, className: string) => (
    <input
      className={`inp ${className}`}
      aria-label={`Entity ${name}`}
      name={name}
      placeholder={placeholder}
      autoComplete="off"
      spellCheck={false}
      value={address[name]}
      onChange={(event) => setAddress({ ...address, [name]: event.target.value })}
    />
  );
  return (
    <form
      className="bar"
      aria-label="Look up an entity"
      onSubmit={(event) => {
        event.preventDefault();
        if (isWhole) props.onSubmit(address);
      }}
    >
      <h1 className="text-4">Entities</h1>
      {field("type", "type, e.g. account", "w-40")}
      {field("id", "id", "min-w-40 flex-1")}
      {field("namespace", "namespace", "w-32")}
      <button type="submit" className="btn" data-kind="primary" disabled={!isWhole}>
        Look
      </button>
    </form>
  );
}
