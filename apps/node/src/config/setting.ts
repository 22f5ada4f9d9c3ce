import { z } from "zod";

/**
 * One row of the settings table (`../config.ts`). The environment, the flags, `--help` and
 * docs/configuration.md are all made from it.
 */
export interface Setting<T> {
  readonly env: string;
  /** The long flag without its dashes. */
  readonly flag: string;
  readonly about: string;
  /** What is accepted, as the end of "must be ...". Units included. */
  readonly accepts: string;
  /** From text, because both sources carry text. */
  readonly schema: z.ZodType<T, string>;
  /** In text, so that a default goes the same way as a value. Absent: the setting may be unset. */
  readonly default?: string;
  /** What an unset value means, where there is no default. */
  readonly unset?: string;
  readonly required?: boolean;
  /** Never shown: `all` of it, or only the `password` inside a URL. */
  readonly secret?: "all" | "password";
  /** What the bare flag means, for settings that are switches. */
  readonly bare?: string;
}

export type SettingValue<S> =
  S extends Setting<infer T>
    ? S extends { readonly default: string } | { readonly required: true }
      ? T
      : T | undefined
    : never;

/** Keeps the literal keys (`default`, `required`) that decide whether a value may be undefined. */
export const setting = <T, const S extends Omit<Setting<T>, "schema">>(
  row: S & { readonly schema: z.ZodType<T, string> },
): S & { readonly schema: z.ZodType<T, string> } => row;

/** Decimal digits only: `Number` alone would also take "", "0x10", "1e3" and " 7 ". */
export const integer = (minimum: number, maximum: number) =>
  z
    .string()
    .regex(/^-?\d{1,15}$/)
    .transform(Number)
    .pipe(z.int().min(minimum).max(maximum));

export const decimal = (minimum: number, maximum: number) =>
  z
    .string()
    .regex(/^\d{1,9}(\.\d{1,6})?$/)
    .transform(Number)
    .pipe(z.number().min(minimum).max(maximum));

export const onOff = z.enum(["on", "off"]).transform((word) => word === "on");

const parsedUrl = z
  .string()
  .refine((text) => URL.canParse(text), { abort: true })
  .transform((text) => ({ text, url: new URL(text) }));

export const postgresUrl = parsedUrl
  .refine(({ url }) => url.protocol === "postgres:" || url.protocol === "postgresql:")
  .refine(({ url }) => url.hostname !== "" || url.searchParams.has("host"))
  .transform(({ text }) => text);

/** The origin alone: a path would be dropped silently by whoever joins `/mesh` to it. */
export const httpOrigin = parsedUrl
  .refine(({ url }) => url.protocol === "http:" || url.protocol === "https:")
  .refine(({ url }) => url.pathname === "/" && url.search === "" && url.hash === "")
  .refine(({ url }) => url.username === "" && url.password === "")
  .transform(({ url }) => url.origin);

/** `key=value,key=value`; an empty value is a value. */
export const labels = z
  .string()
  .max(4096)
  .regex(/^[\w.\-/]{1,63}=[^,=]{0,255}(,[\w.\-/]{1,63}=[^,=]{0,255})*$/)
  .transform((text) => text.split(",").map((pair) => pair.split("=") as [string, string]))
  .refine((pairs) => new Set(pairs.map(([key]) => key)).size === pairs.length)
  .transform((pairs): Readonly<Record<string, string>> => Object.fromEntries(pairs));
