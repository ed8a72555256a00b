/** Error codes in plain words: no message shows a code alone. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { diskFailure, makingFailure } from '../../src/main/files/disk-failure.ts';
import { LookUpError } from '../../src/shared/name-lookup.ts';
import { networkWords } from '../../src/shared/network-words.ts';
import { systemWords } from '../../src/shared/system-words.ts';
import { temporaryFolder } from '../support/cli.ts';

const withCode = (code: string): Error => Object.assign(new Error(code), { code });

test('a system error says what happened', () => {
  assert.throws(
    () => readFileSync('/nonexistent'),
    (error) => systemWords(error) === 'there is no such file',
  );
  assert.throws(
    () => readFileSync(temporaryFolder()),
    (error) => systemWords(error) === 'it is a folder, not a file',
  );
  assert.equal(systemWords('EACCES'), 'no permission (EACCES)');
  assert.equal(systemWords(new Error('EADDRINUSE')), 'another program uses it (EADDRINUSE)');
  assert.equal(systemWords('ENEW'), 'the system refused it (ENEW)');
  assert.equal(systemWords(new Error('a sentence')), 'a sentence');
  assert.equal(
    diskFailure('EACCES', '/x').message,
    '/x: no permission (EACCES); change the permissions, or choose another folder',
  );
  assert.equal(diskFailure('ENEW', '/x').message, '/x: the system refused it (ENEW)');
  for (const code of ['ENOENT', 'EISDIR', 'ENOTDIR', 'REPLACED', 'CHANGED'])
    assert.doesNotMatch(diskFailure(code, '/x').message, /[A-Z]{3}/, 'the words say all');
  assert.equal(
    makingFailure(withCode('ENOENT'), '/proc/x').message,
    '/proc/x: its folder does not exist, or takes no new files; choose another folder',
  );
  assert.match(makingFailure(withCode('EACCES'), '/x').message, /^\/x: no permission \(EACCES\); change/);
});

test('an error of the network says what the server did', () => {
  for (const [code, words] of [
    ['ECONNREFUSED', 'no program listens there'],
    ['HPE_HEADER_OVERFLOW', 'its answer is not HTTP'],
    ['CERT_REVOKED', 'its certificate is not valid (CERT_REVOKED)'],
    ['CERT_HAS_EXPIRED', 'its certificate has expired'],
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'it does not speak https; try http://'],
    ['ERR_SSL_NO_CIPHER_MATCH', 'no secure connection could be made (ERR_SSL_NO_CIPHER_MATCH)'],
    ['EMFILE', 'this machine has no room for another connection (EMFILE)'],
    ['ENEW', 'the connection failed (ENEW)'],
  ] as const)
    assert.equal(networkWords(withCode(code)), words);
  const eproto = (message: string) => Object.assign(new Error(message), { code: 'EPROTO' });
  assert.equal(
    networkWords(eproto('write EPROTO 00:error:0A00010B:SSL routines:ssl3_get_record:wrong version number')),
    'it does not speak https; try http://',
  );
  assert.equal(networkWords(eproto('write EPROTO')), 'no secure connection could be made (EPROTO)');
  const alert = Object.assign(withCode('HPE_INVALID_CONSTANT'), { rawPacket: Buffer.from([0x15, 3, 1]) });
  assert.equal(networkWords(alert), 'it speaks https only; try https://');
  assert.equal(networkWords(new Error('connect ECONNREFUSED 127.0.0.1:1')), 'no program listens there');
  assert.equal(networkWords(new Error('EXAMPLE is no code')), 'EXAMPLE is no code');
});

test('a name without an address says why', () => {
  assert.equal(
    new LookUpError('ENOTFOUND').message,
    'its name cannot be looked up: no name server knows its name (ENOTFOUND)',
  );
  assert.equal(new LookUpError('abandoned').message, 'its name cannot be looked up (abandoned)');
});
