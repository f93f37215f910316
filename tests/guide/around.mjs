// What stands around the guide's snippets here in place of a browser: the server's address
// and the token come from the environment, everything else is as the guide has it.
import { createRequire } from 'node:module';
import readline from 'node:readline';

const require = createRequire(import.meta.url);
const ws = require('ws');
const headless = require('@xterm/headless');

const GUIDE = 'ws://localhost:3000/api/v1/ws';

export class WebSocket extends ws.WebSocket {
  constructor(url, ...rest) {
    super(url.replace(GUIDE, process.env.VIBEBOX_WS), ...rest);
  }
}

export class Terminal extends headless.Terminal {
  constructor(options) {
    super({ allowProposedApi: true, ...options }); // for a test to read the screen
  }

  open() {}

  write(data) {
    super.write(data, () => this.drawn?.());
  }
}

export const document = { getElementById: () => null };
export const localStorage = { getItem: () => process.env.VIBEBOX_TOKEN };

// What a test tells the program, a line each: a word and the rest.
export function onCommand(commands) {
  readline.createInterface({ input: process.stdin }).on('line', (line) => {
    const [name, ...rest] = line.split(' ');
    commands[name](rest.join(' '));
  });
}
