/** Makes a scenario that fails smaller, part by part, as long as it still fails. */
import { type Outcome, runScenario } from './run-scenario.ts';
import type { Scenario, TorrentPlan } from './scenario.ts';

export async function shrunk(scenario: Scenario, say: (text: string) => void): Promise<Scenario> {
  const kind = kindOf(await runScenario(scenario));
  if (kind === null) return scenario;
  let best = scenario;
  for (let isSmaller = true; isSmaller; ) {
    isSmaller = false;
    for (const smaller of smallerOf(best)) {
      if (kindOf(await runScenario(smaller)) !== kind) continue;
      best = smaller;
      isSmaller = true;
      say(`still fails with ${sizeOf(best)}`);
      break;
    }
  }
  return best;
}

/** The first failure without its numbers: a smaller scenario must fail in the same way. */
function kindOf({ failures }: Outcome): string | null {
  return failures[0]?.replace(/[\d.:]+/g, '#') ?? null;
}

function sizeOf({ torrents, events, shards }: Scenario): string {
  const peers = torrents.reduce((sum, torrent) => sum + torrent.peers.length, 0);
  return `${torrents.length} torrents, ${peers} peers, ${events.length} events, ${shards} shards`;
}

function* smallerOf(scenario: Scenario): Generator<Scenario> {
  const { torrents, events, shards, hashers } = scenario;
  if (torrents.length > 1) for (const fewer of without(torrents)) yield { ...scenario, torrents: fewer };
  for (const fewer of without(events)) yield { ...scenario, events: fewer };
  for (const [i, torrent] of torrents.entries())
    for (const smaller of smallerTorrents(torrent))
      yield { ...scenario, torrents: torrents.with(i, smaller) };
  if (shards > 1) yield { ...scenario, shards: shards - 1 };
  if (hashers > 1) yield { ...scenario, hashers: 1 };
  if (scenario.maxPeers > 0) yield { ...scenario, maxPeers: 0 };
  if (scenario.halfOpen > 0) yield { ...scenario, halfOpen: 0 };
  if (scenario.encryption !== 'off') yield { ...scenario, encryption: 'off' };
  if (scenario.utp) yield { ...scenario, utp: false };
  if (scenario.dht) yield { ...scenario, dht: false };
  if (scenario.disk !== 'plain') yield { ...scenario, disk: 'plain' };
  if (scenario.listens) yield { ...scenario, listens: false };
}

function* smallerTorrents(torrent: TorrentPlan): Generator<TorrentPlan> {
  for (const peers of without(torrent.peers)) yield { ...torrent, peers };
  for (const webSeeds of without(torrent.webSeeds)) yield { ...torrent, webSeeds };
  for (const readers of without(torrent.readers)) yield { ...torrent, readers };
  for (const trackers of without(torrent.trackers)) yield { ...torrent, trackers };
  if (torrent.removedAtMs !== null) yield { ...torrent, removedAtMs: null };
  if (torrent.preallocates) yield { ...torrent, preallocates: false };
  const { old = null } = torrent;
  if (old !== null) yield { ...torrent, old: null };
  if (old !== null && old.changesAtMs !== null) yield { ...torrent, old: { ...old, changesAtMs: null } };
  if (torrent.isMagnet) yield { ...torrent, isMagnet: false };
  const { content } = torrent;
  const total = content.files.reduce((sum, length) => sum + length, 0);
  if (content.files.length > 1) yield { ...torrent, content: { ...content, files: [total] } };
  if (total > content.pieceLength)
    yield { ...torrent, content: { ...content, files: [Math.ceil(total / 2)] } };
}

/** Leaves out halves first, then single items. */
function* without<Item>(items: readonly Item[]): Generator<Item[]> {
  if (items.length > 3) {
    yield items.slice(items.length >> 1);
    yield items.slice(0, items.length >> 1);
  }
  for (const at of items.keys()) yield items.toSpliced(at, 1);
}
