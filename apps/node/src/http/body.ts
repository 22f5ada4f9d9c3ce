import type { FastifyInstance } from "fastify";
import { HttpProblem } from "./problems.ts";

export const bodyLimitBytes = 1_048_576;
/** Deeper values overflow the stack of whoever encodes them next. */
const maximumDepth = 100;

/** JSON bodies only: a form or plain text, which a foreign page may send unasked, is refused (415). */
export function acceptJsonBodies(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser("error", "error");
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(
    "application/json",
    { parseAs: "string", bodyLimit: bodyLimitBytes },
    (request, text, done) => {
      // Clients announce JSON and send nothing for calls without input.
      if (text === "") return done(null, undefined);
      void parse(request, text as string, (error, value) => {
        if (error !== null) return done(malformed(error), undefined);
        if (isDeeper(value, maximumDepth)) {
          const detail = `The body nests deeper than ${maximumDepth} levels.`;
          return done(new HttpProblem("BODY_MALFORMED", detail), undefined);
        }
        return done(null, value);
      });
    },
  );
}

const malformed = (error: Error): HttpProblem =>
  new HttpProblem("BODY_MALFORMED", `The body is not acceptable JSON: ${error.message}`);

function isDeeper(value: unknown, depth: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (depth === 0) return true;
  return Object.values(value).some((inner) => isDeeper(inner, depth - 1));
}
