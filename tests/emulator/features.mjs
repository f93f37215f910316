// Compares the golden files of features with what xterm.js draws: screens, cursors and replies.
//
//   NODE_PATH=… node tests/emulator/features.mjs FILE…
//
// Needs @xterm/headless and @xterm/addon-unicode-graphemes. Prints each case that differs; cases with
// `"xtermjs": false` are left out. The exit status is 1 where any differs.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const require = createRequire(process.env.NODE_PATH ? `${process.env.NODE_PATH}/` : import.meta.url);
const { Terminal } = require("@xterm/headless");
const { UnicodeGraphemesAddon } = require("@xterm/addon-unicode-graphemes");

let compared = 0;
let different = 0;
for (const path of process.argv.slice(2)) {
  for (const golden of JSON.parse(readFileSync(path, "utf8"))) {
    if (golden.xtermjs === false) continue;
    compared++;
    const seen = await drawn(golden);
    const expected = { screen: golden.screen, cursor: golden.cursor, replies: golden.replies ?? "" };
    if (JSON.stringify(seen) === JSON.stringify(expected)) continue;
    different++;
    console.log(`${path} ${golden.case}\n  ${JSON.stringify(expected)}\n  ${JSON.stringify(seen)}`);
  }
}
console.log(`${compared} compared, ${different} different`);
process.exitCode = different ? 1 : 0;

async function drawn(golden) {
  const terminal = new Terminal({ rows: golden.rows, cols: golden.columns, scrollback: 1000, allowProposedApi: true });
  terminal.loadAddon(new UnicodeGraphemesAddon());
  terminal.unicode.activeVersion = "15-graphemes";
  let replies = "";
  terminal.onData((data) => (replies += data));
  const input = golden.input ?? Buffer.from(golden.bytes, "latin1");
  await new Promise((done) => terminal.write(input, done));
  if (golden.resize) terminal.resize(golden.resize[1], golden.resize[0]);
  const buffer = terminal.buffer.active;
  const screen = [];
  for (let y = 0; y < terminal.rows; y++) {
    screen.push(buffer.getLine(buffer.baseY + y).translateToString(false, 0, terminal.cols).trimEnd());
  }
  return { screen, cursor: [buffer.cursorY, Math.min(buffer.cursorX, terminal.cols - 1)], replies };
}
