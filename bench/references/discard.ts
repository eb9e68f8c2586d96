/** The least that holds a connected producer: answers the request's head at once and forgets its body. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

const server = createServer((request, response) => {
  response.writeHead(200);
  response.flushHeaders();
  request.resume();
  request.on("end", () => response.end());
});
server.requestTimeout = 0;
server.listen(0, "127.0.0.1", () => console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
