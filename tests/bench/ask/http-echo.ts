/** The bare server beside apps/node: reads JSON, counts per entity, answers JSON. Ends with its parent. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

const counters = new Map<string, number>();

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    const { by } = JSON.parse(Buffer.concat(chunks).toString()) as { by: number };
    const entity = request.url ?? "";
    const value = (counters.get(entity) ?? 0) + by;
    counters.set(entity, value);
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify({ result: value }));
  });
});
server.listen(0, "127.0.0.1", () => process.send?.((server.address() as AddressInfo).port));
process.on("disconnect", () => process.exit(0));
