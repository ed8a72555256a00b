// The pictures of the README, from runs on this machine: npm run pictures. Needs Debian's Chromium and tmux.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const COLUMNS = 84;
const ROWS = 12;
/** Of the terminal's colours, those that the live view uses. */
const STYLES = {
  1: 'font-weight:bold',
  2: 'color:#6f7682',
  31: 'color:#f07178',
  32: 'color:#7fd88f',
  33: 'color:#e5c07b',
  36: 'color:#6fc3df',
  90: 'color:#6f7682',
};

const folder = mkdtempSync(join(tmpdir(), 'unchoke-pictures-'));
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
const tab = await browser.newPage({ viewport: { width: 1160, height: 1180 }, deviceScaleFactor: 1.5 });
await raceReport();
await liveView();
await browser.close();
rmSync(folder, { recursive: true });

async function raceReport() {
  const page = join(folder, 'demo.html');
  const demo = ['dist/main/cli.js', 'demo', '--peers', '30', '--report', page];
  execFileSync(process.execPath, demo, { stdio: 'ignore' });
  await tab.goto(`file://${page}`);
  // All of the first chart, and nothing of the next one.
  const chart = await tab.locator('section').first().boundingBox();
  const clip = { x: 0, y: 0, width: 1160, height: Math.ceil(chart.y + chart.height) + 10 };
  await tab.screenshot({ path: 'docs/race.png', clip });
}

/** What a terminal shows in the middle of a download. */
async function liveView() {
  const tmux = (...args) => execFileSync('tmux', ['-L', 'unchoke-pictures', ...args], { encoding: 'utf8' });
  const script = join(folder, 'terminal.sh');
  const cli = `${process.execPath} ${join(process.cwd(), 'dist/main/cli.js')}`;
  const get = `${cli} get swarm.torrent --no-dht --no-lsd`;
  // The prompt appears when the swarm is ready. The seeds are slow: a download without an end in sight shows no time left.
  const lines = [
    'cd "$(dirname "$0")"',
    `${cli} swarm --peers 300 --payload 768M --rate 2M --for 2min > ready &`,
    'until [ -s ready ]; do sleep 0.1; done',
    'clear; echo "$ unchoke get swarm.torrent"',
    `${get}; sleep 9`,
  ];
  writeFileSync(script, lines.join('\n'));
  tmux('new-session', '-d', '-x', String(COLUMNS), '-y', String(ROWS), `sh ${script}`);
  let shown = '';
  for (let looks = 0; !/^swarm\S+ +[3-6]\d\.\d %.* left$/m.test(shown.replaceAll(/ +$/gm, '')); looks++) {
    if (looks > 1_200) throw new Error(`no download to take a picture of:\n${shown}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
    shown = tmux('capture-pane', '-p');
  }
  const coloured = tmux('capture-pane', '-p', '-e');
  tmux('kill-server');
  await tab.setContent(`<body style="margin:0;background:#16181d"><pre style="display:inline-block;margin:0;padding:18px 22px;
    color:#d8dce3;font:15px/1.4 'DejaVu Sans Mono',monospace">${htmlOf(coloured.trimEnd())}</pre></body>`);
  await tab.locator('pre').screenshot({ path: 'docs/live.png' });
}

/** Escape sequences of colours become spans. */
function htmlOf(text) {
  let codes = [];
  const [first = '', ...rest] = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').split('\x1b[');
  const parts = rest.map((part) => {
    const end = part.indexOf('m');
    for (const code of part.slice(0, end).split(';').map(Number)) {
      if (code === 0) codes = [];
      // The usual colour again; bold and faint stay.
      else if (code === 39) codes = codes.filter((one) => one < 30);
      else codes = [...codes, code];
    }
    return `<span style="${codes.map((code) => STYLES[code] ?? '').join(';')}">${part.slice(end + 1)}</span>`;
  });
  return `${first}${parts.join('')}`;
}
