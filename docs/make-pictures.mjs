// The pictures of the README, from a run of the demo: npm run pictures. Needs Debian's Chromium.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const folder = mkdtempSync(join(tmpdir(), 'unchoke-pictures-'));
const page = join(folder, 'demo.html');
execFileSync(process.execPath, ['dist/main/cli.js', 'demo', '--peers', '60', '--report', page], {
  stdio: 'ignore',
});
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
const tab = await browser.newPage({ viewport: { width: 1160, height: 1180 } });
await tab.goto(`file://${page}`);
await tab.screenshot({ path: 'docs/race.png' });
await browser.close();
rmSync(folder, { recursive: true });
