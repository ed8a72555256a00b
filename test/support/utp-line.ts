/** Two ends of a uTP connection and the line between them, in virtual time: it delays, loses, duplicates and reorders. */
import { LivedClock } from '../../src/shared/lived-clock.ts';
import type { Address, ConnectionEvents } from '../../src/workers/transport/transport.ts';
import { UtpConnection, type UtpLink } from '../../src/workers/transport/utp/utp-connection.ts';
import { decodeUtp, type UtpPacket } from '../../src/workers/transport/utp/utp-packet.ts';
import { ReorderBudget } from '../../src/workers/transport/utp/utp-receiver.ts';
import type { VirtualTime } from './virtual-time.ts';

/** What happens to one packet: it arrives after each of these milliseconds, once per number. */
export type Fate = (packet: UtpPacket) => readonly number[];

const TICK_MS = 50;
const ADDRESS: Address = { host: '127.0.0.1', port: 1 };

export class UtpEnd implements ConnectionEvents {
  readonly received: Buffer[] = [];
  readonly sent: UtpPacket[] = [];
  readonly log: string[] = [];
  readonly link: UtpLink;
  connection: UtpConnection | null = null;

  constructor(time: VirtualTime, skewMs: number, carry: (packet: Buffer) => void) {
    const lived = new LivedClock(() => time.now() + skewMs);
    this.link = {
      clock: lived.now,
      timestamps: () => time.now() + skewMs,
      readBuffer: Buffer.alloc(65_536),
      budget: new ReorderBudget(),
      localPort: () => null,
      send: (packet) => {
        this.sent.push(decodeUtp(packet) as UtpPacket);
        carry(packet);
      },
      wantsFlush: (connection) => time.soon(() => connection.flush()),
      over: () => this.log.push('over'),
    };
    time.every(TICK_MS, () => this.connection?.tick(this.link.clock()));
  }

  onConnect(): void {
    this.log.push('connected');
  }
  onData(length: number): void {
    this.received.push(Buffer.from(this.link.readBuffer.subarray(0, length)));
  }
  onEnd(code: string): void {
    this.log.push(code);
  }
  onShortage(): void {}

  get bytes(): Buffer {
    return Buffer.concat(this.received);
  }
}

/** `here` dials `there`. `there` answers, and starts at the first packet that proves that its answer arrived. */
export function utpLine(time: VirtualTime, fate: Fate): { here: UtpEnd; there: UtpEnd } {
  const carry = (to: () => UtpEnd) => (packet: Buffer) => {
    for (const ms of fate(decodeUtp(packet) as UtpPacket)) time.after(ms, () => arrive(to(), packet));
  };
  const arrive = (end: UtpEnd, bytes: Buffer) => {
    const packet = decodeUtp(bytes) as UtpPacket;
    if (end.connection === null) end.connection = UtpConnection.answer(packet, ADDRESS, 65_530, end.link);
    else if (!end.connection.isStranger || end.connection.provesItself(packet)) {
      if (end.connection.isStranger) end.connection.start(end);
      end.connection.receive(packet);
    } else if (packet.type === 4) end.connection.receive(packet);
  };
  const here: UtpEnd = new UtpEnd(
    time,
    1e9,
    carry(() => there),
  );
  const there: UtpEnd = new UtpEnd(
    time,
    0,
    carry(() => here),
  );
  here.connection = UtpConnection.dial(ADDRESS, 77, here.link, here);
  return { here, there };
}
