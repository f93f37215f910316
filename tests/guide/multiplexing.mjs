import { WebSocket, localStorage, onCommand } from './around.mjs';

class MultiplexedWebSocketClient {
  constructor(url, token) {
    this.url = url;
    this.token = token;
    this.subscriptions = new Map();
    this.connect();
  }

  connect() {
    this.ws = new WebSocket(`${this.url}?token=${this.token}`);

    this.ws.onmessage = (event) => {
      const message = JSON.parse(event.data);

      // Route message to appropriate handler
      const resourceId = this.getResourceId(message);
      const handler = this.subscriptions.get(resourceId);

      if (handler) {
        handler(message);
      }
    };
  }

  subscribe(resourceId, handler) {
    this.subscriptions.set(resourceId, handler);

    // Send subscription message
    this.ws.send(JSON.stringify({
      type: 'env_subscribe',
      payload: { environmentId: resourceId }
    }));
  }

  unsubscribe(resourceId) {
    this.subscriptions.delete(resourceId);

    this.ws.send(JSON.stringify({
      type: 'env_unsubscribe',
      payload: { environmentId: resourceId }
    }));
  }

  getResourceId(message) {
    // Extract resource ID from message
    return message.payload?.environmentId || message.payload?.sessionId;
  }
}

const client = new MultiplexedWebSocketClient(
  'ws://localhost:3000/api/v1/ws/status',
  localStorage.getItem('accessToken')
);

client.ws.on('open', () => {
  for (const id of process.env.ENVIRONMENT_IDS.split(',')) {
    client.subscribe(id, (message) => console.log(id, message.payload.status));
  }
});

onCommand({ unsubscribe: (id) => { client.unsubscribe(id); console.log('unsubscribed', id); } });
