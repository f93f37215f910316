// The naive loop on Node's `ws`: encode once, one send for each client; see naive_loop.py.
import { createServer } from "node:http";
import { createRequire } from "node:module";

const { WebSocketServer } = createRequire(import.meta.url)(process.argv[3]);
const server = createServer();
const sockets = new WebSocketServer({ server, perMessageDeflate: false });

sockets.on("connection", (socket) => {
  socket.on("message", (data) => {
    const { lines, rate } = JSON.parse(data);
    sendLines(lines, rate);
  });
});

const turn = () => new Promise((resolve) => setImmediate(resolve));
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function sendLines(lines, rate) {
  const began = performance.now();
  for (let number = 1; number <= lines; number++) {
    if (rate) {
      const ahead = began + (number * 1000) / rate - performance.now();
      if (ahead > 0) await sleep(ahead);
    } else {
      while ([...sockets.clients].some((socket) => socket.bufferedAmount > 1 << 20)) await turn();
      if (number % 16 === 0) await turn();
    }
    const now = Date.now();
    const payload = {
      environmentId: "00000000-0000-0000-0000-000000000000",
      stream: "stdout",
      message: `${(now / 1000).toFixed(6)} INFO request ${number} served in 3 ms by worker 7`,
      timestamp: "2026-01-01T00:00:00.000Z",
      seq: number,
    };
    const text = JSON.stringify({ type: "log", payload, timestamp: now });
    for (const socket of sockets.clients) socket.send(text);
  }
}

server.listen(process.argv[2]);
