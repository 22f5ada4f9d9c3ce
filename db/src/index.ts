export * from "./errors.ts";
export { checkSchema, migrate, type SchemaOptions, type SchemaReport } from "./migrate.ts";
export { type Migration, readMigrations } from "./migration-files.ts";
export { schemaNameOf } from "./schema-name.ts";
