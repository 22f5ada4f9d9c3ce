/** One of a few. A group of toggle buttons, so that each has a name and a state of its own. */
export function Segmented<T extends string>(props: {
  readonly label: string;
  readonly value: T;
  readonly options: readonly { readonly value: T; readonly label: string }[];
  readonly testId?: string;
  readonly change: (value: NoInfer<T>) => void;
}) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset brings a legend and a box of its own
    <div className="seg" role="group" aria-label={props.label} data-testid={props.testId}>
      {props.options.map((it) => (
        <button
          key={it.value}
          type="button"
          aria-pressed={it.value === props.value}
          onClick={() => props.change(it.value)}
        >
          {it.label}
        </button>
      ))}
    </div>
  );
}
