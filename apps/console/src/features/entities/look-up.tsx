import { useState } from "react";
import type { EntityAddress } from "../../wire/entity-view.ts";
import { useFilterKey } from "../keys/use-filter-key.ts";
import { readAddress } from "./look-up.model.ts";

/** Type, id and namespace; Enter looks. `type/id` may be written into either field. */
export function LookUp(props: {
  readonly address: EntityAddress;
  readonly onSubmit: (address: EntityAddress) => void;
}) {
  const [address, setAddress] = useState(props.address);
  const [problem, setProblem] = useState<string | null>(null);
  const typeField = useFilterKey();
  const field = (name: keyof EntityAddress, placeholder: string, className: string) => (
    <input
      ref={name === "type" ? typeField : undefined}
      className={`inp ${className}`}
      aria-label={`Entity ${name}`}
      aria-invalid={problem !== null && address[name] === ""}
      aria-describedby={problem === null ? undefined : "look-up-problem"}
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
        const read = readAddress(address);
        setProblem(read.problem);
        if (read.problem === null) props.onSubmit(read.address);
        else setAddress(read.address);
      }}
    >
      <h1 className="text-4">Entities</h1>
      {field("type", "type, e.g. account", "w-40")}
      {field("id", "id", "min-w-40 flex-1")}
      {field("namespace", "namespace", "w-32")}
      <button type="submit" className="btn" data-kind="primary">
        Look
      </button>
      {problem !== null && (
        <p
          id="look-up-problem"
          role="alert"
          className="text-2 w-full text-warning-text"
          data-testid="look-up-problem"
        >
          {problem}
        </p>
      )}
    </form>
  );
}
