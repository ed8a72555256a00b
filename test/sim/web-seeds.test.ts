/** Web seeds in virtual time: what a server lacks, refuses, shortens or spoils costs only that. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WEB_SEED_CONNECTIONS } from '../../src/shared/limits.ts';
import { type Answer, notThere, right } from '../support/virtual-http.ts';
import { play } from '../support/virtual-web-seeds.ts';

const PIECE = 32_768;
const file = (name: string, pieces: number) => ({ names: [name], length: pieces * PIECE });

/** Right except for this file. */
const but =
  (path: string, other: Answer): Answer =>
  (asked, content) =>
    (asked.path === path ? other : right)(asked, content);

/** Other bytes of the right length. */
const spoiled: Answer = (asked, content) =>
  right(
    asked,
    content.map((byte) => byte ^ 0xff),
  );

test('a file that a server lacks costs only that file', async () => {
  const files = [file('a', 3), file('b', 2), file('c', 3)];
  await play({ files, servers: [but('b', notThere)] }, 5_000, (web) => {
    assert.equal(web.verified, 6);
    assert.deepEqual(web.lostFiles, [[0, 1, 'HTTP status 404']]);
    assert.deepEqual([...web.lostSeeds], [[0, 'HTTP status 404']]);
    const tries = web.asked.filter(({ path }) => path === 'b').length;
    assert.ok(tries >= 1 && tries <= 3, `${tries} requests for what is not there`);
  });
});

test('a file that always fails on a server delays no other, and is requested less and less often', async () => {
  const files = [file('a', 20), file('b', 2), file('c', 20)];
  const stumbles: Answer = (asked, content) =>
    asked.path === 'b' ? { status: 500 } : { ...right(asked, content), rate: 60_000 };
  await play({ files, servers: [stumbles] }, 60_000, (web) => {
    const last = Math.max(...web.asked.filter(({ path }) => path !== 'b').map(({ at }) => at));
    const tries = web.asked.filter(({ path }) => path === 'b').map(({ at }) => at);
    assert.equal(web.verified, 40);
    assert.ok(last < 12_000, `the rest was there after ${last} ms, 7.3 s at its rate`);
    assert.ok(tries.length <= 10, `${tries.length} tries`);
    assert.equal(web.lostSeeds.size, 0);
  });
});

test('a file that one server lacks comes from another', async () => {
  const files = [file('a', 3), file('b', 2), file('c', 3)];
  const servers = [but('b', notThere), but('a', notThere)];
  await play({ files, servers }, 5_000, (web, endedAt) => {
    assert.ok(endedAt < 5_000, `complete after ${endedAt} ms`);
    assert.equal(web.lostSeeds.size, 0);
  });
});

test('a piece of two files comes from two servers that have one of them each', async () => {
  const files = [
    { names: ['a'], length: 2 * PIECE + 10_001 },
    { names: ['b'], length: 77 },
    { names: ['c'], length: 2 * PIECE },
  ];
  const onlyB: Answer = (asked, content) => (asked.path === 'b' ? right : notThere)(asked, content);
  const servers = [but('b', notThere), onlyB];
  await play({ files, servers }, 20_000, (web, endedAt) => {
    assert.ok(endedAt < 10_000, `complete after ${endedAt} ms`);
    assert.deepEqual(web.failed, []);
    assert.ok(web.asked.some(({ path, url }) => path === 'b' && url.includes('s1')));
  });
});

test('a piece that two servers send together and that is still wrong is not requested without end', async () => {
  const files = [file('a', 2), { names: ['b'], length: 5_000 }, { names: ['c'], length: 5_000 }];
  const second: Answer = (asked, content) =>
    (asked.path === 'c' ? notThere : but('b', spoiled))(asked, content);
  await play({ files, servers: [but('b', notThere), second] }, 60_000, (web) => {
    assert.equal(web.verified, 2);
    assert.ok(web.failed.length > 0 && web.failed.length <= 3, `failed ${web.failed.length} times`);
    assert.equal(web.lostSeeds.size, 2);
  });
});

test('a file that is not there yet is asked for again after ten minutes', async () => {
  const late: Answer = (asked, content) => (asked.at < 300_000 ? notThere : right)(asked, content);
  await play({ files: [file('a', 1), file('b', 1)], servers: [but('b', late)] }, 700_000, (web, endedAt) => {
    assert.ok(endedAt > 599_000 && endedAt < 602_000, `complete after ${endedAt} ms`);
    assert.ok(web.asked.length <= 8, `${web.asked.length} requests`);
  });
});

test('a changed file is given up, and the pieces that it shares with its neighbours are not requested again', async () => {
  const half = PIECE / 2;
  const files = [
    { names: ['a'], length: 2 * PIECE + half },
    { names: ['b'], length: 4 * PIECE },
    { names: ['c'], length: 2 * PIECE + half },
  ];
  await play({ files, servers: [but('b', spoiled)] }, 20_000, (web) => {
    assert.equal(web.verified, 4);
    assert.deepEqual([...new Set(web.failed)].sort(), [2, 3, 4, 5, 6]);
    assert.equal(web.failed.length, 5, 'no piece fails twice');
    assert.deepEqual(web.lostFiles, [[0, 1, 'it sent bad data']]);
    assert.deepEqual([...web.lostSeeds], [[0, 'it sent bad data']]);
  });
});

test('one bad piece in a large file costs only this piece on this server', async () => {
  const bad: Answer = (asked, content) => {
    const copy = Buffer.from(content);
    copy[5 * PIECE + 7] = (copy[5 * PIECE + 7] ?? 0) ^ 1;
    return right(asked, copy);
  };
  await play({ files: [file('a', 40)], servers: [bad] }, 20_000, (web) => {
    assert.equal(web.verified, 39);
    assert.deepEqual(web.failed, [5]);
    assert.deepEqual(web.lostFiles, []);
    assert.deepEqual([...web.lostSeeds], [[0, 'it sent bad data']]);
  });
});

test('a busy server is tried again when it says, over one connection, for the whole run', async () => {
  const busy: Answer = (asked, content) =>
    asked.at < 1_800_000 ? { status: 503, headers: { 'retry-after': '10' } } : right(asked, content);
  await play({ files: [file('a', 4)], servers: [busy] }, 1_900_000, (web, endedAt) => {
    assert.ok(endedAt < 1_825_000, `complete after ${endedAt} ms`);
    const [first = 0, ...later] = [...new Set(web.asked.map(({ at }) => Math.floor(at / 1_000)))];
    assert.deepEqual([first, ...later.slice(0, 5)], [0, 10, 20, 30, 46, 66]);
    assert.equal(web.waits.length, 1, 'one word for a time of failures');
    assert.equal(web.waits[0]?.reason, 'HTTP status 503');
    assert.equal(web.lostSeeds.size, 0);
  });
});

test('a server that allows one connection gets one, and no other waits for it', async () => {
  let refused = 0;
  const busyUntil = new Map<string, number>();
  const one: Answer = (asked, content) => {
    if (asked.at < (busyUntil.get('all') ?? 0)) {
      refused += 1;
      return { status: 503 };
    }
    const ms = ((asked.to - asked.from) * 1_000) / 200_000;
    busyUntil.set('all', asked.at + ms);
    return { ...right(asked, content), rate: 200_000 };
  };
  await play({ files: [file('a', 60)], servers: [one] }, 60_000, (web, endedAt) => {
    assert.ok(refused > 0, 'the fault fired');
    assert.ok(refused <= 4, `${refused} requests too many`);
    assert.ok(endedAt < 16_000, `complete after ${endedAt} ms, 9.8 s at its rate`);
    assert.ok(web.waits.length <= 1);
  });
});

test('an answer shorter than requested is used', async () => {
  const short: Answer = (asked, content) => {
    const to = Math.min(asked.to, asked.from + 5_000);
    return {
      status: 206,
      headers: { 'content-range': `bytes ${asked.from}-${to - 1}/${content.length}` },
      body: content.subarray(asked.from, to),
    };
  };
  await play({ files: [file('a', 4)], servers: [short] }, 5_000, (web, endedAt) => {
    assert.ok(endedAt < 5_000, `complete after ${endedAt} ms`);
    assert.equal(web.asked.length, Math.ceil(PIECE / 5_000) * 4);
  });
});

test('a connection that breaks in the middle is continued from there', async () => {
  const breaks: Answer = (asked, content) => ({ ...right(asked, content), breaksAfter: 40_000 });
  const options = { files: [file('a', 4)], servers: [breaks], pieceLength: 4 * PIECE };
  await play(options, 5_000, (web, endedAt) => {
    assert.ok(endedAt < 5_000, `complete after ${endedAt} ms`);
    assert.deepEqual(
      web.asked.map(({ from }) => from),
      [0, 40_000, 80_000, 120_000],
    );
  });
});

test('a server without ranges is read once, from the first missing byte on', async () => {
  const whole: Answer = (_, content) => ({
    status: 200,
    headers: { 'content-length': String(content.length) },
    body: content,
    rate: 500_000,
  });
  await play(
    { files: [file('a', 30), file('b', 10)], servers: [whole], slots: 4 },
    20_000,
    (web, endedAt) => {
      assert.ok(endedAt < 20_000, `complete after ${endedAt} ms`);
      assert.ok(web.asked.length <= 5, `${web.asked.length} requests: ${JSON.stringify(web.asked)}`);
    },
  );
});

test('where redirects lead is remembered for each file, and forgotten when it fails', async () => {
  const files = [file('a', 2), file('b', 2)];
  const moved: Answer = (asked, content) => {
    if (new URL(asked.url).search === '')
      return { ...right(asked, content), landing: `${asked.url}?at=${asked.at}` };
    return asked.from === PIECE ? { status: 403 } : right(asked, content);
  };
  await play({ files, servers: [moved] }, 5_000, (web, endedAt) => {
    assert.ok(endedAt < 5_000, `complete after ${endedAt} ms`);
    assert.deepEqual(web.lostFiles, []);
  });
});

test('each spelling of a name in the torrent is tried', async () => {
  const files = [{ names: ['%C3%A4', '%E4'], length: PIECE }];
  const latin1: Answer = (asked, content) => (asked.path === '%E4' ? right : notThere)(asked, content);
  await play({ files, servers: [latin1] }, 5_000, (web, endedAt) => {
    assert.ok(endedAt < 5_000, `complete after ${endedAt} ms`);
    assert.equal(web.asked.map(({ path }) => path).join(' '), '%C3%A4 %E4');
  });
});

test('a file is found under its second spelling, although all connections ask for the first at once', async () => {
  const files = [{ names: ['%C3%A4', '%E4'], length: 40 * PIECE }];
  const latin1: Answer = (asked, content) =>
    asked.path === '%E4' ? { ...right(asked, content), rate: 400_000 } : notThere(asked, content);
  await play({ files, servers: [latin1] }, 20_000, (web) => {
    const first = web.asked.filter(({ path }) => path === '%C3%A4');
    assert.ok(first.length > 1 && first.every(({ at }) => at === first[0]?.at), 'asked at once');
    assert.equal(first.length, WEB_SEED_CONNECTIONS, 'and then no more');
    assert.ok(web.ledger.complete, `${web.verified} of 40 pieces`);
    assert.deepEqual(web.lostFiles, []);
  });
});

test('a lost file is asked for again under each spelling', async () => {
  const files = [{ names: ['%C3%A4', '%E4'], length: PIECE }];
  const late: Answer = (asked, content) =>
    asked.path === '%C3%A4' && asked.at > 300_000 ? right(asked, content) : notThere(asked, content);
  await play({ files, servers: [late] }, 700_000, (_, endedAt) => {
    assert.ok(endedAt > 599_000 && endedAt < 602_000, `complete after ${endedAt} ms`);
  });
});

test('a very slow web seed loses its runs to a fast one', async () => {
  const trickle: Answer = (asked, content) => ({ ...right(asked, content), rate: 100 });
  const fast: Answer = (asked, content) => ({ ...right(asked, content), rate: 1_000_000 });
  await play({ files: [file('a', 40)], servers: [trickle, fast] }, 60_000, (web, endedAt) => {
    assert.ok(endedAt < 6_000, `complete after ${endedAt} ms`);
    const slow = web.asked.filter(({ url }) => url.startsWith('http://s0'));
    assert.ok(slow.length > 0 && slow.length <= 3, `${slow.length} requests to the slow one`);
  });
});

test('two web seeds that are slow do not take turns', async () => {
  const slow: Answer = (asked, content) => ({ ...right(asked, content), rate: 4_000 });
  await play({ files: [file('a', 2)], servers: [slow, slow] }, 60_000, (web, endedAt) => {
    assert.ok(endedAt < 12_000, `complete after ${endedAt} ms`);
    assert.ok(web.asked.length <= 4, `${web.asked.length} requests`);
  });
});

test('a body that continues after the end of its file costs nothing: the rest of the torrent is fetched', async () => {
  const half = PIECE / 2;
  const files = [
    { names: ['a'], length: PIECE + half },
    { names: ['b'], length: 2 * PIECE + half },
  ];
  let longer = 0;
  // Without length or end, and faster than it can be read.
  const endless: Answer = (_, content) => {
    longer += 1;
    return { status: 200, body: Buffer.concat([content, Buffer.alloc(400 * PIECE)]), rate: 20 * PIECE };
  };
  await play({ files, servers: [but('a', endless)] }, 60_000, (web, endedAt) => {
    assert.ok(longer > 0, 'the fault fired');
    assert.equal(web.verified, 4);
    assert.ok(endedAt < 5_000, `after ${endedAt} ms`);
  });
});
