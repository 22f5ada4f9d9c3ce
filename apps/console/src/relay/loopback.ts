const loopback = new Set(["127.0.0.1", "localhost", "::1", "[::1]"]);

/** Whether only this machine is meant by the name. */
export const isLoopbackName = (name: string): boolean => loopback.has(name.toLowerCase());
