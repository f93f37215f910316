import { WebSocket, localStorage, onCommand } from './around.mjs';

const token = localStorage.getItem('accessToken');
const ws = new WebSocket(`ws://localhost:3000/api/v1/ws/status?token=${token}`);

ws.onopen = () => {
  // Measure round-trip time
  const pingTime = Date.now();
  ws.send(JSON.stringify({
    type: 'ping',
    payload: {},
    timestamp: pingTime
  }));

  ws.onmessage = (event) => {
    const message = JSON.parse(event.data);
    if (message.type === 'pong') {
      const latency = Date.now() - message.timestamp;
      console.log('Latency:', latency, 'ms');
    }
  };
};

onCommand({ close: () => ws.close(1000, 'Client closed connection') });

ws.onclose = (event) => {
  console.log('closed', event.code);
  process.exit(0);
};
