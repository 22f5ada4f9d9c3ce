import { type ClusterState, findShard, ownerOf, type ShardRow } from "@leasehold/sharding/observe";
import { z } from "zod";
import type { Routes } from "../deps.ts";
import { HttpProblem } from "../problems.ts";
import {
  authorityAgeMs,
  groupName,
  nodeId,
  operatorHeaders,
  problems,
  type ShardAnswer,
  shardAnswer,
  wholeNumber,
} from "../schemas.ts";
import { compareText, nodeOf, shardAnswerOf } from "../views.ts";

/** `group/shard`. Group names may have slashes themselves: the last one separates. */
const cursor = z
  .string()
  .regex(/^.{1,128}\/\d{1,7}$/, "a cursor is the `next` of an earlier answer, group/shard")
  .transform((text) => {
    const at = text.lastIndexOf("/");
    return { group: text.slice(0, at), shard: Number(text.slice(at + 1)) };
  });

const query = z.object({
  group: groupName.optional(),
  owner: nodeId.optional(),
  state: z.enum(["unallocated", "starting", "hosted", "handing-off"]).optional(),
  after: cursor.optional(),
  limit: wholeNumber(1, 10_000).default(1000),
});
type ShardQuery = z.output<typeof query>;

export const shardRoutes: Routes = (app, deps) => {
  app.get(
    "/v1/shards",
    {
      config: { needs: "viewer" },
      schema: {
        summary: "Shards with state, owner and epoch, in the order of group and shard",
        tags: ["cluster"],
        querystring: query,
        response: {
          200: z.object({
            seq: z.int(),
            authorityAgeMs,
            shards: z.array(shardAnswer),
            next: z.string().nullable().describe("Pass it as `after`; null at the end"),
          }),
          ...problems,
        },
      },
    },
    async (request) => {
      const { state, ageMs } = nodeOf(deps).authority();
      return { seq: state.seq, authorityAgeMs: Math.round(ageMs), ...pageOf(state, request.query) };
    },
  );

  app.post(
    "/v1/shards/:group/:shard/unpin",
    {
      config: { needs: "operator" },
      schema: {
        summary: "Lets the shard move by itself again",
        tags: ["operate"],
        headers: operatorHeaders,
        params: z.object({ group: groupName, shard: wholeNumber(0, 1_048_575) }),
        response: { 200: shardAnswer, ...problems },
      },
    },
    async (request) => {
      const node = nodeOf(deps);
      const { group, shard } = request.params;
      await node.admin({ tag: "unpin", by: request.headers["leasehold-by"], group, shard });
      const row = findShard(node.authority().state, request.params);
      if (row === undefined) throw new HttpProblem("SHARD_UNKNOWN", `No shard ${group}/${shard}.`);
      return shardAnswerOf(group, shard, row);
    },
  );
};

function pageOf(
  state: ClusterState,
  { group, owner, state: wanted, after, limit }: ShardQuery,
): { shards: ShardAnswer[]; next: string | null } {
  const shards: ShardAnswer[] = [];
  const matches = (row: ShardRow): boolean =>
    (wanted === undefined || row.state === wanted) &&
    (owner === undefined || ownerOf(row)?.nodeId === owner);

  for (const name of groupsFrom(state, group, after?.group)) {
    const rows = state.shards.get(name) ?? [];
    for (let shard = after?.group === name ? after.shard + 1 : 0; shard < rows.length; shard += 1) {
      const row = rows[shard] as ShardRow;
      if (!matches(row)) continue;
      const last = shards.at(-1);
      // One more than the page has: only now is it known that there is a next page.
      if (shards.length === limit) return { shards, next: `${last?.group}/${last?.shard}` };
      shards.push(shardAnswerOf(name, shard, row));
    }
  }
  return { shards, next: null };
}

const groupsFrom = (
  state: ClusterState,
  only: string | undefined,
  from: string | undefined,
): string[] =>
  [...state.shards.keys()]
    .filter((name) => (only === undefined || name === only) && (from === undefined || name >= from))
    .sort(compareText);
