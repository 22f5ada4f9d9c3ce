/** Whether a lease row names this life as alive: only then is a word of it believed. */
const isAlive = (schema: string, nodeId: string, incarnation: string): string =>
  `exists (
    select from ${schema}.leases x
    where x.node_id = ${nodeId} and x.incarnation = ${incarnation} and x.state = 'alive'
  )`;

/**
 * `$1` to (empty: whoever leads), `$2` node id, `$3` incarnation, `$4` subject, `$5` messages, `$6` channel,
 * `$7` what is said there.
 */
export const writeLetter = (schema: string): string => `
with written as (
  insert into ${schema}.letters (to_node_id, from_node_id, from_incarnation, subject, messages)
  select $1::text, $2::text, $3::uuid, $4::text, $5::jsonb
  where ${isAlive(schema, "$2", "$3")}
  on conflict (to_node_id, from_node_id, from_incarnation, subject)
  do update set messages = excluded.messages, at = excluded.at
  returning to_node_id
)
select pg_notify($6::text, $7::text) as notified from written`;

const taken = (schema: string, which: string): string => `
with taken as (
  delete from ${schema}.letters l
  where ${which}
  returning l.*
)
select
  json_build_object('nodeId', t.from_node_id, 'incarnation', t.from_incarnation) as from,
  t.messages
from taken t
where t.to_node_id = $1
  and ${isAlive(schema, "t.from_node_id", "t.from_incarnation")}
order by t.at`;

/** `$1` node id. */
export const takeLetters = (schema: string): string => taken(schema, "l.to_node_id = $1");

/**
 * `$1` is empty, `$2` the term. A deposed coordinator takes nothing away from the present one. Letters
 * from and to lives that are over go too: nobody else would remove them.
 */
export const takeCoordinatorLetters = (schema: string): string =>
  taken(
    schema,
    `exists (select from ${schema}.coordinator c where c.term = $2)
    and (
      l.to_node_id = $1
      or not ${isAlive(schema, "l.from_node_id", "l.from_incarnation")}
      or not exists (
        select from ${schema}.leases x where x.node_id = l.to_node_id and x.state = 'alive'
      )
    )`,
  );

/** `$1` to, `$2` node id, `$3` incarnation, `$4` subject. */
export const withdrawLetter = (schema: string): string => `
delete from ${schema}.letters
where to_node_id = $1 and from_node_id = $2 and from_incarnation = $3 and subject = $4`;
