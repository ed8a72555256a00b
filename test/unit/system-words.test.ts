/** Error codes in plain words: no message shows a code alone. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { diskFailure } from '../../src/main/files/disk-failure.ts';
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
});

test('an error of the network says what the server did', () => {
  for (const [code, words] of [
    ['ECONNREFUSED', 'no program listens there'],
    ['HPE_HEADER_OVERFLOW', 'its answer is not HTTP'],
    ['CERT_REVOKED', 'its certificate is not valid (CERT_REVOKED)'],
    ['CERT_HAS_EXPIRED', 'its certificate has expired'],
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'TLS failed (ERR_SSL_WRONG_VERSION_NUMBER)'],
    ['EMFILE', 'this machine has no room for another connection (EMFILE)'],
    ['ENEW', 'the connection failed (ENEW)'],
  ] as const)
    assert.equal(networkWords(withCode(code)), words);
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
