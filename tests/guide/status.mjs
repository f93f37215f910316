import { WebSocket, localStorage } from './around.mjs';

const environmentId = process.env.ENVIRONMENT_ID;
const token = localStorage.getItem('accessToken');

const ws = new WebSocket(`ws://localhost:3000/api/v1/ws/status?token=${token}`);

ws.onopen = () => {
  console.log('Connected to status updates');

  // Subscribe to environment status
  ws.send(JSON.stringify({
    type: 'env_subscribe',
    payload: {
      environmentId: environmentId
    }
  }));
};

ws.onmessage = (event) => {
  const message = JSON.parse(event.data);

  if (message.type === 'env_status') {
    console.log('Environment status:', message.payload.status);
    console.log('CPU:', message.payload.cpuUsage, '%');
    console.log('Memory:', message.payload.memoryUsage, 'MB');
  }
};
