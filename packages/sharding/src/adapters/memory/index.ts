export { MemoryPostgres } from "./memory-postgres.ts";
