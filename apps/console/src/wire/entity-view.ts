/** An entity as a node sees it without activating it: what `GET /api/entity` answers. */
export interface EntityView {
  readonly group: string;
  readonly shard: number;
  readonly namespace: string;
  readonly type: string;
  readonly id: string;
  readonly home: { readonly nodeId: string; readonly incarnation: string } | null;
  readonly epoch: number;
  /** Null for a volatile one. */
  readonly stored: {
    readonly version: number | null;
    readonly state: unknown;
    /** Why it cannot be folded, or null. */
    readonly fault: string | null;
    readonly events: readonly {
      readonly version: number;
      readonly type: string;
      readonly data: unknown;
    }[];
    readonly timers: readonly {
      readonly name: string;
      /** ISO; null: at its next home. */
      readonly dueAt: string | null;
      readonly command: string;
      readonly comesAgain: boolean;
    }[];
  } | null;
}

/** Which entity. */
export interface EntityAddress {
  readonly type: string;
  readonly id: string;
  readonly namespace: string;
}

/** The part of an address after the `?`. */
export const entityQuery = ({ type, id, namespace }: EntityAddress): string =>
  new URLSearchParams({ type, id, ...(namespace === "default" ? {} : { namespace }) }).toString();
