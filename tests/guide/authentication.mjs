import { WebSocket } from './around.mjs';

const token = process.env.VIBEBOX_TOKEN;

{
  const ws = new WebSocket(`ws://localhost:3000/api/v1/ws/logs?token=${token}`);
  ws.on('open', () => ws.send(JSON.stringify({ type: 'ping', payload: {} })));
  ws.on('message', () => console.log('by query'));
}

{
  const ws = new WebSocket('ws://localhost:3000/api/v1/ws/logs', {
    headers: {
      'Authorization': `Bearer ${token}`
    }
  });
  ws.on('open', () => ws.send(JSON.stringify({ type: 'ping', payload: {} })));
  ws.on('message', () => console.log('by header'));
}

{
  const ws = new WebSocket('ws://localhost:3000/api/v1/ws/logs?token=nonsense');
  ws.on('close', (code, reason) => {
    if (code === 4401) {
      console.error('Authentication failed:', reason);
      console.log('refused', reason.toString());
    }
  });
}
