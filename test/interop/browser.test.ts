/** The race report in a real browser. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type Browser, chromium } from 'playwright-core';
import { racePage } from '../../src/main/report/html-page.ts';
import type { RaceReport } from '../../src/main/report/race-report.ts';
import { runCli, temporaryFolder } from '../support/cli.ts';
import { checkLeaksAtEnd } from '../support/leaks.ts';
import { recordedPeer } from '../support/recorded-peers.ts';

const folder = temporaryFolder();
let browser: Browser;

before(async () => {
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
});
after(() => browser.close());
// After the browser's own end.
checkLeaksAtEnd();

interface Seen {
  readonly rows: number;
  readonly winners: readonly (string | null)[];
  readonly scripts: number;
  readonly requests: readonly string[];
  readonly dialogs: number;
  readonly widerThanWindow: boolean;
  readonly headings: readonly (string | null)[];
}

/** What a user of the page sees. */
async function look(file: string, width: number): Promise<Seen> {
  const page = await browser.newPage({ viewport: { width, height: 900 } });
  const requests: string[] = [];
  let dialogs = 0;
  page.on('request', (request) => requests.push(request.url()));
  page.on('dialog', (dialog) => {
    dialogs += 1;
    void dialog.dismiss();
  });
  await page.goto(`file://${file}`);
  const seen = {
    rows: await page.locator('.timeline .peer').count(),
    winners: await page.locator('.timeline .winner .name').allTextContents(),
    scripts: await page.locator('script').count(),
    requests: requests.filter((url) => !url.startsWith('file:')),
    widerThanWindow: await page.evaluate('document.documentElement.scrollWidth > innerWidth'),
    headings: await page.locator('h2').allTextContents(),
  };
  await page.close();
  return { ...seen, dialogs, widerThanWindow: seen.widerThanWindow === true };
}

test('the report of the demo: a line for each peer, the winner marked, nothing loaded, no script', async () => {
  const file = join(folder, 'demo.html');
  const run = await runCli('demo', '--peers', '60', '--payload', '8M', '--json', '--report', file);
  assert.equal(run.status, 0, run.stderr);
  const first = run.events.find(({ type }) => type === 'first-unchoke') as { peer: string };
  for (const width of [400, 1_160]) {
    const { rows, winners, scripts, requests, widerThanWindow, headings } = await look(file, width);
    assert.deepEqual(
      { rows, scripts, requests, widerThanWindow },
      { rows: 60, scripts: 0, requests: [], widerThanWindow: false },
    );
    assert.match(winners.join(), new RegExp(`^★ ${first.peer.replaceAll('.', '\\.')}`));
    assert.ok(headings.includes('The three strategies') && headings.includes('Throughput'), headings.join());
  }
  const told = /complete: .* in ([\d.]+ (?:s|min)), ([\d.]+ .iB\/s)/.exec(run.stderr + run.stdout);
  if (told !== null) assert.ok(readFileSync(file, 'utf8').includes(`in ${told[1]}, ${told[2]}`));
  await onPhone(file);
});

/** On a phone all text can be read, nothing is cut, and a tap shows the details of a peer. */
async function onPhone(file: string): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    const page = await browser.newPage({
      viewport: { width: 420, height: 900 },
      hasTouch: true,
      colorScheme,
    });
    await page.goto(`file://${file}`);
    const faults = await page.evaluate(`[...document.querySelectorAll('section *')].flatMap((one) => {
      const text = [...one.childNodes].filter((node) => node.nodeType === 3).map((node) => node.data.trim()).join('');
      const { left, right, height } = one.getBoundingClientRect();
      const card = one.closest('section').getBoundingClientRect();
      const style = getComputedStyle(one);
      if (text === '' || height === 0 || one.closest('svg')) return [];
      const isCut = left < card.left || right > card.right || (one.scrollWidth > one.clientWidth + 1 && style.overflow === 'hidden');
      const isSmall = parseFloat(style.fontSize) < 11;
      const scrolls = one.closest('.scroll')?.scrollWidth > one.closest('.scroll')?.clientWidth;
      return isCut || isSmall || scrolls ? [one.className + ': ' + text] : [];
    })`);
    assert.deepEqual(faults, []);
    const heights = (await page.evaluate(
      "[...document.querySelectorAll('section:last-of-type td')].map((one) => one.getBoundingClientRect().height)",
    )) as number[];
    assert.ok(Math.max(...heights) < 70, `${heights}`);
    await page.locator('.timeline .winner summary').tap();
    assert.match(await page.locator('.timeline .winner p').innerText(), /unchoked us \d/);
    await page.close();
  }
}

test('a hostile name, source or client runs no script', async () => {
  const evil = `"><img src=x onerror=alert(1)><script>alert(2)</script><svg onload=alert(3)>`;
  const peer = recordedPeer(
    evil,
    { dialed: 0, connected: 5, handshaken: 9, unchoked: 20, closed: 30 },
    { stage: 'unchoked', code: 'reset', detail: evil },
    { family: evil, source: evil, transport: evil, isWinner: true, bytes: 7 },
  );
  const counts = { addresses: 1, connected: 1, handshaken: 1, unchoked: 1, gaveData: 1 };
  const report: RaceReport = {
    strategy: 'first-unchoke',
    ttfuMs: 20,
    firstUnchoke: { peer: evil, family: evil, shard: 1 },
    firstBlockMs: 25,
    funnel: { ...counts, dialled: 1 },
    lost: [],
    sources: [{ name: evil, ...counts }],
    transports: [{ name: evil, ...counts }],
    stages: [{ stage: 'unchoke', family: evil, ms: { n: 1, p50: 1, p90: 1, p99: 1, max: 1 } }],
    shards: [],
    peers: [],
    notKept: 0,
    blocked: 0,
    shortages: 0,
    blockBytes: 0,
    sentBytes: 0,
    peersGiven: 0,
    peersReturned: 0,
    wastedBytes: 0,
  };
  const facts = {
    name: evil,
    infoHash: evil,
    wantedBytes: 1,
    downloadedBytes: 1,
    elapsedMs: 24_260,
    oracleMs: 1,
    date: new Date(0),
  };
  const file = join(folder, 'evil.html');
  writeFileSync(file, racePage(facts, report, { peers: [peer], flow: [], endMs: 40 }));
  const { rows, scripts, dialogs, requests } = await look(file, 1_160);
  assert.deepEqual({ rows, scripts, dialogs, requests }, { rows: 1, scripts: 0, dialogs: 0, requests: [] });
});
