export { ManualClock } from "./manual-clock.ts";
export { type MemoryClient, type MemoryLink, openLink } from "./memory-link.ts";
export { MemoryPostgres, type MemoryPostgresOptions } from "./memory-postgres.ts";
