/** A line before a real client's UDP port that can lose packets. On its own port, no program listens over TCP. */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';

export interface UdpRelay {
  /** HOST:PORT for `--peer`. */
  readonly address: string;
  readonly carried: () => number;
  readonly lost: () => number;
  close(): void;
}

/** Every `loses`-th packet is lost, in each direction; 0 loses none. */
export async function udpRelay(target: string, loses: number): Promise<UdpRelay> {
  const [host, port] = [target.slice(0, target.lastIndexOf(':')), Number(target.split(':').at(-1))];
  const front = createSocket('udp4');
  const behind = new Map<string, Socket>();
  let [carried, lost] = [0, 0];
  const carries = () => {
    carried += 1;
    const isLost = loses > 0 && carried % loses === 0;
    if (isLost) lost += 1;
    return !isLost;
  };
  front.on('message', (bytes, from) => {
    const key = `${from.address}:${from.port}`;
    let socket = behind.get(key);
    if (socket === undefined) {
      socket = createSocket('udp4');
      behind.set(key, socket);
      socket.on('message', (answer) => carries() && front.send(answer, from.port, from.address));
    }
    if (carries()) socket.send(bytes, port, host);
  });
  front.bind(0, '127.0.0.1');
  await once(front, 'listening');
  return {
    address: `127.0.0.1:${front.address().port}`,
    carried: () => carried,
    lost: () => lost,
    close: () => {
      for (const socket of [front, ...behind.values()]) socket.close();
    },
  };
}
