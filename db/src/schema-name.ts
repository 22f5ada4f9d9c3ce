import { ClusterNameError } from "./errors.ts";

/**
 * One Postgres schema per cluster, so that clusters share a database without meeting.
 *
 * The limit keeps the schema's name within Postgres' 63 bytes, where a longer one would be cut
 * silently and two clusters could become one.
 */
const clusterName = /^[a-z][a-z0-9-]{0,39}$/;

/**
 * The name (not quoted) of the schema that holds a cluster's tables: `leasehold_` and the cluster's
 * name with `-` as `_`. Underscores are refused in the cluster's name itself, because `a-b` and
 * `a_b` would otherwise share one schema.
 *
 * @throws {ClusterNameError}
 */
export function schemaNameOf(cluster: string): string {
  return nameOf("leasehold_", cluster);
}

/**
 * The name (not quoted) of the schema that the console of a cluster keeps its history in. The prefix cannot begin a
 * cluster's own schema, whatever the clusters are called.
 *
 * @throws {ClusterNameError}
 */
export function consoleSchemaNameOf(cluster: string): string {
  return nameOf("leaseholdconsole_", cluster);
}

function nameOf(prefix: string, cluster: string): string {
  if (!clusterName.test(cluster)) {
    throw new ClusterNameError(
      `The cluster name ${JSON.stringify(cluster)} cannot be used: it must begin with a lower-case letter, ` +
        "go on with lower-case letters, digits or hyphens, and have at most 40 characters " +
        "(it names a Postgres schema, where a hyphen becomes an underscore).",
    );
  }
  return `${prefix}${cluster.replaceAll("-", "_")}`;
}
