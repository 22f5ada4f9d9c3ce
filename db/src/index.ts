export * from "./errors.ts";
export { checkSchema, migrate, type SchemaOptions, type SchemaReport } from "./migrate.ts";
export { migrateConsole } from "./migrate-console.ts";
export { type Migration, readMigrations } from "./migration-files.ts";
export { consoleSchemaNameOf, schemaNameOf } from "./schema-name.ts";
