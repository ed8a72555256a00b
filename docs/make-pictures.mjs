// The pictures of the README, from runs of the demo: npm run pictures. Needs Debian's Chromium and tmux.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const COLUMNS = 100;
const ROWS = 17;

const folder = mkdtempSync(join(tmpdir(), 'unchoke-pictures-'));
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
const tab = await browser.newPage({ viewport: { width: 1160, height: 1180 } });
await raceReport();
await liveView();
await browser.close();
rmSync(folder, { recursive: true });

async function raceReport() {
  const page = join(folder, 'demo.html');
  const demo = ['dist/main/cli.js', 'demo', '--peers', '60', '--report', page];
  execFileSync(process.execPath, demo, { stdio: 'ignore' });
  await tab.goto(`file://${page}`);
  await tab.screenshot({ path: 'docs/race.png' });
}

/** What a terminal shows in the middle of a download. */
async function liveView() {
  const tmux = (...args) => execFileSync('tmux', ['-L', 'unchoke-pictures', ...args], { encoding: 'utf8' });
  const demo = `${process.execPath} dist/main/cli.js demo --peers 300 --payload 256M; sleep 9`;
  tmux('new-session', '-d', '-x', String(COLUMNS), '-y', String(ROWS), demo);
  let shown = '';
  for (let looks = 0; !/^swarm\S+ +[3-6]\d\.\d %/m.test(shown); looks++) {
    if (looks > 600) throw new Error(`no download to take a picture of:\n${shown}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
    shown = tmux('capture-pane', '-p');
  }
  tmux('kill-server');
  const text = shown.trimEnd().replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  await tab.setContent(`<body style="margin:0;background:#16181d"><pre style="display:inline-block;margin:0;padding:18px 22px;
    color:#d8dce3;font:15px/1.35 'DejaVu Sans Mono',monospace">${text}</pre></body>`);
  await tab.locator('pre').screenshot({ path: 'docs/live.png' });
}
