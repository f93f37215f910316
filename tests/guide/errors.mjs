import { WebSocket, localStorage } from './around.mjs';

const token = localStorage.getItem('accessToken');
const window = { location: { set href(page) { console.log('went to', page); } } };
const refreshToken = async () => {};
const reconnect = () => {};

const ws = new WebSocket(`ws://localhost:3000/api/v1/ws/status?token=${token}`);

ws.onopen = () => {
  ws.send(JSON.stringify({ type: 'env_subscribe', payload: { environmentId: 'your-env-id' } }));
};

ws.onmessage = (event) => {
  const message = JSON.parse(event.data);

  if (message.type === 'error') {
    const { error, code } = message.payload;

    switch (code) {
      case 'UNAUTHORIZED':
        // Re-authenticate
        refreshToken().then(() => reconnect());
        break;

      case 'ENV_NOT_FOUND':
        // Redirect to environment list
        window.location.href = '/environments';
        break;

      default:
        console.error('WebSocket error:', error);
    }
  }
};
