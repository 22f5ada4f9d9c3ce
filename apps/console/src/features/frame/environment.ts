import { createContext, use } from "react";

/** Where this console stands. Known before the relay is: the banner must never be wrong at first. */
export interface Environment {
  /** For instance `LOCAL`, `STAGING`, `PRODUCTION`. */
  readonly name: string;
  readonly cluster: string;
}

export const EnvironmentContext = createContext<Environment>({ name: "LOCAL", cluster: "default" });

export const useEnvironment = (): Environment => use(EnvironmentContext);

/** Which of the leftover hues the tag takes. */
export function environmentKind(name: string): "local" | "staging" | "production" {
  const lower = name.toLowerCase();
  if (lower.startsWith("prod")) return "production";
  return lower.startsWith("stag") || lower.startsWith("test") ? "staging" : "local";
}
