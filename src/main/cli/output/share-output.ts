/** Output of `unchoke share`: the link of each torrent, what is given, and a last line. */
import type { TrackerNews } from '../../discovery/announcer.ts';
import { isDht } from '../../doctor/tracker-log.ts';
import type { Race } from '../../race/race.ts';
import type { SeedProgress, TorrentEvent } from '../../session/events.ts';
import type { GivenFigures } from '../../session/seeding.ts';
import type { ShareFindings } from '../../session/share-run.ts';
import type { StoragePlan } from '../../storage/storage-plan.ts';
import { counted, formatRate, formatSize, formatTime } from '../../text/units.ts';
import { magnetLink } from '../../torrent/magnet-link.ts';
import type { Metainfo } from '../../torrent/metainfo.ts';
import type { Console } from './console.ts';
import { DhtSilence } from './dht-silence.ts';
import { type GivenPeers, givenText } from './given-text.ts';
import { hashRows, hexOf, version2Hex } from './hash-rows.ts';
import { tellPeers } from './peer-lines.ts';
import { ReachNews } from './reach-news.ts';
import { tellSource } from './source-news.ts';
import { TimeLeft } from './time-left.ts';
import { showWork } from './work-progress.ts';

export class ShareOutput {
  readonly #console: Console;
  /** The last figures of each torrent that is given, by its number. */
  readonly #progress = new Map<number, SeedProgress>();
  /** What others gave that have ended, and how many they are. */
  readonly #before = { uploaded: 0, count: 0 };
  /** Of the check of each torrent, by its number. */
  readonly #timesLeft = new Map<number, TimeLeft>();
  readonly #count: number;
  /** The last event of progress of each torrent, by its number, and the last line of all. */
  readonly #toldAt = new Map<number | 'all', number>();
  readonly #reach: ReachNews;
  readonly #dhtSilence = new DhtSilence();

  /** `asksRouter`: as for `ReachNews`. */
  constructor(console: Console, count: number, asksRouter: boolean) {
    this.#console = console;
    this.#reach = new ReachNews(console, asksRouter);
    this.#reach.matters();
    this.#count = count;
  }

  heard(number: number, event: TorrentEvent): void {
    const console = this.#consoleOf(number);
    if (event.type === 'progress') return this.#heardProgress(number, event);
    console.event(event);
    switch (event.type) {
      case 'listening':
      case 'not-listening':
      case 'port-mapped':
      case 'port-not-mapped':
        return this.#reach.heard(event);
      case 'peer-banned':
        return console.news(`${event.peer} broke the rules and was banned`);
      default:
        return;
    }
  }

  /** The torrent is ready to be given. */
  begun(number: number, metainfo: Metainfo, plan: StoragePlan, { good, hashed }: ShareFindings): void {
    const { geometry, name, files } = metainfo;
    const console = this.#consoleOf(number);
    const magnet = magnetLink(metainfo);
    const [infoHash, infoHashV2] = [hexOf(metainfo.infoHash), version2Hex(metainfo)];
    const { contentLength: bytes, pieceCount: pieces } = geometry;
    console.event({
      ...{ type: 'sharing', path: plan.root, name, infoHash, infoHashV2, magnet, bytes, pieces },
      ...{ goodPieces: good, hashedPieces: hashed },
    });
    const fileCount = files.filter(({ padding }) => !padding).length;
    console.result([
      `${plan.root}: ${formatSize(bytes)}, ${counted(fileCount, 'file')}`,
      ...hashRows(metainfo).map(([kind, hash]) => `${kind} ${hash}`),
      magnet,
    ]);
    if (good < pieces)
      console.news(
        `${pieces - good} of ${counted(pieces, 'piece')} are not what the torrent says; peers get the others; unchoke verify shows the files`,
      );
  }

  /** It is no longer given, or never was. */
  over(number: number): void {
    this.#before.uploaded += this.#progress.get(number)?.uploaded ?? 0;
    this.#before.count += 1;
    this.#progress.delete(number);
  }

  /** `given`: each torrent that was given, with its bytes. */
  ended(given: readonly (GivenFigures & { readonly bytes: number })[]): void {
    this.#console.endProgress();
    const sum = (figure: 'uploaded' | 'uploadedInAll' | 'bytes'): number =>
      given.reduce((total, one) => total + one[figure], 0);
    const [uploaded, uploadedInAll] = [sum('uploaded'), sum('uploadedInAll')];
    const ratio = uploaded / sum('bytes');
    const ms = Math.max(...given.map((one) => one.ms));
    const before = uploadedInAll - uploaded;
    const all = before > 0 ? `; ${formatSize(uploadedInAll)} with earlier runs` : '';
    this.#console.summary(
      `given to peers: ${formatSize(uploaded)} in ${formatTime(ms)}, ratio ${ratio.toFixed(2)}${all}`,
    );
  }

  tellPeers(number: number, race: Race): void {
    tellPeers(race, this.#consoleOf(number));
  }

  /** What a tracker or the DHT said. */
  heardSource(number: number, news: TrackerNews): void {
    const console = this.#consoleOf(number);
    if (isDht(news)) this.#dhtSilence.heard(news, performance.now());
    if (news.kind !== 'answered') tellSource(console, news);
  }

  news(number: number, text: string): void {
    this.#consoleOf(number).news(text);
  }

  #consoleOf(number: number): Console {
    return this.#count === 1 ? this.#console : this.#console.forSource(number);
  }

  #heardProgress(number: number, event: TorrentEvent & { readonly type: 'progress' }): void {
    const now = performance.now();
    if ('uploaded' in event) this.#progress.set(number, event);
    const timeLeft = this.#timesLeft.get(number) ?? new TimeLeft();
    this.#timesLeft.set(number, timeLeft);
    if ('rate' in event) timeLeft.sample(event.rate, now);
    this.#tellDhtSilence(now);
    if (this.#isDue(number, now)) this.#consoleOf(number).event(event);
    if (!this.#isDue('all', now)) return;
    if ('uploaded' in event) return this.#showGiven();
    if ('work' in event) showWork(event, timeLeft, this.#console);
  }

  #isDue(what: number | 'all', now: number): boolean {
    if (now - (this.#toldAt.get(what) ?? Number.NEGATIVE_INFINITY) < this.#console.progressMs - 1)
      return false;
    this.#toldAt.set(what, now);
    return true;
  }

  #tellDhtSilence(now: number): void {
    const known = [...this.#progress.values()].reduce((sum, one) => sum + one.known, 0);
    const reason = this.#dhtSilence.matters(known, now);
    if (reason === null) return;
    const text = `peers cannot find this through the DHT: ${reason}`;
    // Who reads details has read it.
    if (!this.#console.isVerbose) this.#console.news(text);
  }

  #showGiven(): void {
    const all = [...this.#progress.values()];
    const sum = (name: 'rate' | keyof GivenPeers): number => all.reduce((total, one) => total + one[name], 0);
    const what =
      this.#count === 1 ? 'sharing' : `sharing ${counted(this.#count - this.#before.count, 'torrent')}`;
    const uploaded = this.#before.uploaded + sum('uploaded');
    const peers = givenText({
      ...{ served: sum('served'), wanting: sum('wanting'), uploaded },
      ...{ choked: sum('choked'), unchoked: sum('unchoked') },
    });
    this.#console.progress(`${what}  ${formatRate(sum('rate'))}  ${formatSize(uploaded)} given  ${peers}`, {
      phase: 'sharing',
    });
  }
}
