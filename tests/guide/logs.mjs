import { WebSocket, localStorage } from './around.mjs';

const environmentId = process.env.ENVIRONMENT_ID;
const token = localStorage.getItem('accessToken');

const ws = new WebSocket(`ws://localhost:3000/api/v1/ws/logs?token=${token}`);

ws.onopen = () => {
  console.log('Connected to log stream');

  // Subscribe to environment logs
  ws.send(JSON.stringify({
    type: 'log_subscribe',
    payload: {
      environmentId: environmentId,
      stream: 'stdout' // 'stdout', 'stderr', or 'all'
    }
  }));
};

ws.onmessage = (event) => {
  const message = JSON.parse(event.data);

  if (message.type === 'log') {
    console.log(`[${message.payload.stream}] ${message.payload.message}`);
  }
};

ws.onerror = (error) => {
  console.error('WebSocket error:', error);
};

ws.onclose = (event) => {
  console.log('Connection closed:', event.code, event.reason);
};
