import { WebSocket, localStorage } from './around.mjs';

const token = localStorage.getItem('accessToken');
const environmentId = process.env.ENVIRONMENT_ID;

class WebSocketClient {
  constructor(url, token) {
    this.url = url;
    this.token = token;
    this.reconnectAttempts = 0;
    this.maxReconnectAttempts = 10;
    this.reconnectDelay = 1000; // Start with 1 second
    this.maxReconnectDelay = 30000; // Max 30 seconds
    this.connect();
  }

  connect() {
    this.ws = new WebSocket(`${this.url}?token=${this.token}`);

    this.ws.onopen = () => {
      console.log('WebSocket connected');
      this.reconnectAttempts = 0;
      this.reconnectDelay = 1000;
      this.onConnectionOpen();
    };

    this.ws.onmessage = (event) => {
      this.onMessage(JSON.parse(event.data));
    };

    this.ws.onerror = (error) => {
      console.error('WebSocket error:', error);
    };

    this.ws.onclose = (event) => {
      console.log('WebSocket closed:', event.code, event.reason);

      // Don't reconnect if closed intentionally
      if (event.code === 1000) {
        return;
      }

      this.reconnect();
    };
  }

  reconnect() {
    if (this.reconnectAttempts >= this.maxReconnectAttempts) {
      console.error('Max reconnection attempts reached');
      return;
    }

    this.reconnectAttempts++;

    console.log(
      `Reconnecting... (attempt ${this.reconnectAttempts}/${this.maxReconnectAttempts})`
    );

    setTimeout(() => {
      this.connect();
    }, this.reconnectDelay);

    // Exponential backoff with jitter
    this.reconnectDelay = Math.min(
      this.reconnectDelay * 2 + Math.random() * 1000,
      this.maxReconnectDelay
    );
  }

  send(message) {
    if (this.ws.readyState === WebSocket.OPEN) {
      this.ws.send(JSON.stringify(message));
    } else {
      console.warn('WebSocket not connected, message not sent');
    }
  }

  close() {
    this.ws.close(1000, 'Client closed connection');
  }

  onConnectionOpen() {
    // Override in subclass
  }

  onMessage(message) {
    // Override in subclass
  }
}

// Usage
class LogStreamClient extends WebSocketClient {
  constructor(token, environmentId) {
    super('ws://localhost:3000/api/v1/ws/logs', token);
    this.environmentId = environmentId;
  }

  onConnectionOpen() {
    this.send({
      type: 'log_subscribe',
      payload: {
        environmentId: this.environmentId,
        stream: 'all'
      }
    });
  }

  onMessage(message) {
    if (message.type === 'log') {
      console.log(`[${message.payload.stream}] ${message.payload.message}`);
    }
  }
}

const logClient = new LogStreamClient(token, environmentId);
