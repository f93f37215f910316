import pako from 'pako';
import { WebSocket, localStorage } from './around.mjs';

const token = localStorage.getItem('accessToken');
const environmentId = process.env.ENVIRONMENT_ID;
const query = `token=${token}&compression=deflate`;
const ws = new WebSocket(`ws://localhost:3000/api/v1/ws/logs?${query}`);

// Compress before sending (if server supports)
function sendCompressed(ws, message) {
  const json = JSON.stringify(message);
  const compressed = pako.deflate(json);
  ws.send(compressed);
}

// Decompress on receive
ws.binaryType = 'arraybuffer';
ws.onmessage = (event) => {
  if (event.data instanceof ArrayBuffer) {
    const decompressed = pako.inflate(event.data, { to: 'string' });
    const message = JSON.parse(decompressed);
    // Process message
    console.log(message.type, message.payload.message ?? '');
  }
};

ws.onopen = () => {
  sendCompressed(ws, { type: 'log_subscribe', payload: { environmentId } });
  sendCompressed(ws, { type: 'ping', payload: {} });
};
