// What xterm.js draws of recordings, at each checkpoint: the golden screens.
//
//   NODE_PATH=… node tests/emulator/reference.mjs RECORDING… > screens.json
//
// Needs @xterm/headless and @xterm/addon-unicode-graphemes. Prints one JSON object: recording name
// to a list of {rows, cursor}, trailing spaces removed.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { basename } from "node:path";

const require = createRequire(process.env.NODE_PATH ? `${process.env.NODE_PATH}/` : import.meta.url);
const { Terminal } = require("@xterm/headless");
const { UnicodeGraphemesAddon } = require("@xterm/addon-unicode-graphemes");

const screens = {};
for (const path of process.argv.slice(2)) {
  const [header, ...events] = readFileSync(path, "utf8").trim().split("\n").map((line) => JSON.parse(line));
  const terminal = new Terminal({ rows: header.rows, cols: header.columns, scrollback: 10000, allowProposedApi: true });
  terminal.loadAddon(new UnicodeGraphemesAddon());
  terminal.unicode.activeVersion = "15-graphemes";
  const seen = [];
  for (const [kind, ...values] of events) {
    if (kind === "o") await new Promise((done) => terminal.write(Buffer.from(values[0], "latin1"), done));
    if (kind === "r") terminal.resize(values[1], values[0]);
    if (kind === "c") seen.push(screen(terminal));
  }
  screens[basename(path, ".jsonl")] = seen;
}
process.stdout.write(JSON.stringify(screens) + "\n");

function screen(terminal) {
  const buffer = terminal.buffer.active;
  const rows = [];
  for (let y = 0; y < terminal.rows; y++) {
    rows.push(buffer.getLine(buffer.baseY + y).translateToString(false, 0, terminal.cols).trimEnd());
  }
  return { rows, cursor: [buffer.cursorY, Math.min(buffer.cursorX, terminal.cols - 1)] };
}
