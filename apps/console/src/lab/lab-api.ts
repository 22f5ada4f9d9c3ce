import { z } from "zod";
import type { NodeAnswer } from "../relay/node-http.ts";
import { paramValues, scenarioIds, startRun } from "../wire/lab.ts";
import { type Lab, LabRefusal, type RunBy } from "./lab.ts";
import { scenarioOf } from "./scenarios/index.ts";

export interface LabRequest {
  readonly method: string;
  /** After `/api/lab`, for instance `/runs`. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly body: unknown;
  /** Who wants something done; null: it is only asked. */
  readonly by: RunBy | null;
}

const preview = z.object({ scenario: z.enum(scenarioIds) });

/** The lab's routes: wire/lab.ts lists them. Null: none of them. */
export async function answerLab(lab: Lab, request: LabRequest): Promise<NodeAnswer | null> {
  try {
    return await route(lab, request);
  } catch (error) {
    if (error instanceof LabRefusal) return refusal(error.status, error.code, error.message);
    if (error instanceof z.core.$ZodError) {
      return refusal(400, "BAD_RUN", z.prettifyError(error));
    }
    throw error;
  }
}

async function route(lab: Lab, request: LabRequest): Promise<NodeAnswer | null> {
  const [, collection = "", id, verb] = request.path.split("/");
  const place = [
    collection,
    ...(id === undefined ? [] : ["id"]),
    ...(verb === undefined ? [] : [verb]),
  ];
  const { by } = request;
  const name = `${request.method} ${place.join("/")}`;
  return by === null
    ? await look(lab, name, id, request.query)
    : await change(lab, name, id, request.body, by);
}

async function look(
  lab: Lab,
  name: string,
  id: string | undefined,
  query: LabRequest["query"],
): Promise<NodeAnswer | null> {
  switch (name) {
    case "GET ":
      return ok(await lab.view());
    case "GET preview": {
      const { scenario, ...params } = query;
      const { scenario: known } = preview.parse({ scenario });
      return ok(await lab.preview(scenarioOf(known), paramValues.parse(params)));
    }
    case "GET runs":
      return ok({ runs: await lab.list() });
    case "GET runs/id": {
      const run = isUuid(id) ? await lab.find(id) : null;
      return run === null ? refusal(404, "RUN_UNKNOWN", `There is no run ${id}.`) : ok(run);
    }
    default:
      return null;
  }
}

async function change(
  lab: Lab,
  name: string,
  id: string | undefined,
  body: unknown,
  by: RunBy,
): Promise<NodeAnswer | null> {
  switch (name) {
    case "POST runs": {
      const { run, isNew } = await lab.begin(startRun.parse(body), by);
      return ok(run, isNew ? 201 : 200);
    }
    case "POST runs/id/stop":
      return ok(await lab.end(id ?? "", by.name));
    default:
      return null;
  }
}

/** What the audit names: the scenario, or the run. */
export function labSubject(path: string, body: unknown): string {
  const started = startRun.safeParse(body);
  return started.success ? started.data.scenario : (path.split("/").at(-2) ?? "");
}

const isUuid = (id: string | undefined): id is string => z.uuid().safeParse(id).success;

const ok = (body: unknown, status = 200): NodeAnswer => ({ ok: true, status, body });

const refusal = (status: number, code: string, detail: string): NodeAnswer => ({
  ok: false,
  reached: true,
  problem: {
    ...{ status, code, title: "The lab refused.", detail },
    ...{ retryable: status === 409 || status === 503, executed: "no" },
  },
});
