import { Terminal, WebSocket, document, localStorage, onCommand } from './around.mjs';

const sessionId = process.env.SESSION_ID;
const token = localStorage.getItem('accessToken');

const ws = new WebSocket(`ws://localhost:3000/api/v1/ws/terminal?token=${token}`);

ws.onopen = () => {
  console.log('Terminal session connected');

  // Send terminal input
  ws.send(JSON.stringify({
    type: 'terminal_input',
    payload: {
      sessionId: sessionId,
      data: 'ls -la\n'
    }
  }));
};

ws.onmessage = (event) => {
  const message = JSON.parse(event.data);

  if (message.type === 'terminal_output') {
    // Display in terminal emulator (e.g., xterm.js)
    term.write(message.payload.data);
  }
};

// --- Integration with xterm.js

const term = new Terminal({
  rows: 30,
  cols: 100,
  cursorBlink: true
});

term.open(document.getElementById('terminal'));

// Connect terminal to WebSocket
ws.onmessage = (event) => {
  const message = JSON.parse(event.data);
  if (message.type === 'terminal_output') {
    term.write(message.payload.data);
  }
};

// Send terminal input
term.onData((data) => {
  ws.send(JSON.stringify({
    type: 'terminal_input',
    payload: {
      sessionId: sessionId,
      data: data
    }
  }));
});

// Handle terminal resize
term.onResize(({ rows, cols }) => {
  ws.send(JSON.stringify({
    type: 'terminal_resize',
    payload: {
      sessionId: sessionId,
      rows: rows,
      cols: cols
    }
  }));
});

// --- what a test does with it

onCommand({
  type: (text) => term.input(text + '\r'),
  resize: (size) => term.resize(...size.split(' ').map(Number)),
});

term.drawn = () => {
  const buffer = term.buffer.active;
  for (let row = 0; row < buffer.length; row++) {
    const text = buffer.getLine(row).translateToString(true);
    if (text) console.log(`screen ${text}`);
  }
};
