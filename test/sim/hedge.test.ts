/** TCP and uTP together, in virtual time: which is dialled when, which wins, and which error counts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UTP_HEAD_START_MS, UTP_TICK_MS } from '../../src/shared/limits.ts';
import { HedgedTransport, type SecondTransport } from '../../src/workers/transport/hedged-transport.ts';
import type { Connection, ConnectionEvents, Transport } from '../../src/workers/transport/transport.ts';
import { VirtualTime } from '../support/virtual-time.ts';

type Ending = { readonly connects: number } | { readonly fails: [number, 'refused' | 'connect-timeout'] };

/** A run of one dial; the log has `what@second`. */
function dial(tcp: Ending | null, utp: Ending | null, utpOnly = false) {
  const time = new VirtualTime();
  const log: string[] = [];
  const say = (what: string) => log.push(`${what}@${time.now()}`);
  const way =
    (name: 'tcp' | 'utp', ending: Ending | null) =>
    (_: unknown, events: ConnectionEvents): Connection => {
      say(`${name} dials`);
      let destroyed = false;
      const at = (ms: number, work: () => void) => time.after(ms, () => destroyed || work());
      if (ending !== null && 'connects' in ending) at(ending.connects, () => events.onConnect());
      if (ending !== null && 'fails' in ending)
        at(ending.fails[0], () => events.onEnd(ending.fails[1], name));
      return {
        kind: name,
        write: () => say(`${name} writes`),
        writeParts: () => {},
        unsentBytes: 0,
        destroy: () => {
          destroyed = true;
          say(`${name} ends`);
        },
      };
    };
  const listener = { close: () => {} };
  const unused = {
    readBuffer: Buffer.alloc(0),
    listen: () => listener,
    accept: () => listener,
    close: () => {},
  };
  const first: Transport = { ...unused, connect: way('tcp', tcp) };
  const second: SecondTransport = { ...unused, connect: way('utp', utp) };
  const hedged = new HedgedTransport(first, second, { clock: time.now, later: time.after });
  const connection = hedged.connect(
    { host: '127.0.0.1', port: 1 },
    {
      onConnect: () => say(`connected by ${connection.kind}`),
      onData: () => {},
      onEnd: (code, detail) => say(`${code} ${detail}`),
      onShortage: () => say('shortage'),
    },
    utpOnly,
  );
  return { time, log, connection };
}

const due = UTP_HEAD_START_MS;

test('TCP that connects within its head start is alone', () => {
  const { time, log, connection } = dial({ connects: due - UTP_TICK_MS }, { connects: 1 });
  time.run(5_000);
  connection.write(Buffer.alloc(1));
  assert.deepEqual(log, ['tcp dials@0', `connected by tcp@${due - UTP_TICK_MS}`, 'tcp writes@5000']);
});

test('TCP that is silent is joined by uTP, which wins and ends it', () => {
  const { time, log, connection } = dial(null, { connects: 30 });
  time.run(5_000);
  connection.write(Buffer.alloc(1));
  assert.deepEqual(log, [
    'tcp dials@0',
    `utp dials@${due}`,
    `tcp ends@${due + 30}`,
    `connected by utp@${due + 30}`,
    'utp writes@5000',
  ]);
});

test('if TCP fails within its head start, this is reported at once: uTP has its turn later', () => {
  const { time, log } = dial({ fails: [10, 'refused'] }, { connects: 30 });
  time.run(5_000);
  assert.deepEqual(log, ['tcp dials@0', 'refused tcp@10']);
});

test('if both fail, this is reported once, with the error of TCP', () => {
  const early = dial({ fails: [due + 10, 'refused'] }, { fails: [3_000, 'connect-timeout'] });
  early.time.run(20_000);
  assert.deepEqual(early.log, ['tcp dials@0', `utp dials@${due}`, `refused tcp@${due + 3_000}`]);
  const late = dial({ fails: [9_000, 'refused'] }, { fails: [10, 'connect-timeout'] });
  late.time.run(20_000);
  assert.deepEqual(late.log, ['tcp dials@0', `utp dials@${due}`, 'refused tcp@9000']);
});

test('closing the connection ends both dials, and nothing is tried later', () => {
  const both = dial(null, null);
  both.time.run(due + 100);
  both.connection.destroy();
  both.time.run(20_000);
  assert.deepEqual(both.log, [
    'tcp dials@0',
    `utp dials@${due}`,
    `tcp ends@${due + 100}`,
    `utp ends@${due + 100}`,
  ]);
  const soon = dial(null, null);
  soon.time.run(100);
  soon.connection.destroy();
  soon.time.run(20_000);
  assert.deepEqual(soon.log, ['tcp dials@0', 'tcp ends@100']);
});

test('uTP alone, for a peer that closes TCP connections', () => {
  const { time, log } = dial({ connects: 1 }, { connects: 30 }, true);
  time.run(20_000);
  assert.deepEqual(log, ['utp dials@0', 'connected by utp@30']);
});
