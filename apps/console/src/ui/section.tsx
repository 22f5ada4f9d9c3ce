import type { ReactNode } from "react";

/** The 40 px head of a region: title, what it shows, one way on. */
export function SectionHead(props: {
  readonly title: string;
  readonly meta?: ReactNode;
  readonly children?: ReactNode;
}) {
  return (
    <div className="sec-h">
      <h2>{props.title}</h2>
      {props.meta !== undefined && <span className="m">{props.meta}</span>}
      {props.children}
    </div>
  );
}

export function Figure(props: {
  readonly label: string;
  readonly value: ReactNode;
  readonly note?: ReactNode;
  readonly className?: string;
}) {
  return (
    <div className={props.className}>
      <dt>{props.label}</dt>
      <dd>
        <span className="v">{props.value}</span>
        {props.note !== undefined && <span className="s">{props.note}</span>}
      </dd>
    </div>
  );
}

/** An empty view: one sentence, and the way out of it. */
export function Empty(props: { readonly title: string; readonly children?: ReactNode }) {
  return (
    <div className="empty" data-testid="empty">
      <h2 className="text-4">{props.title}</h2>
      <div className="text-2 mt-1">{props.children}</div>
    </div>
  );
}
