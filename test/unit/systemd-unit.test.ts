/** The unit of `share --systemd`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemdUnit } from '../../src/main/cli/runs/systemd-unit.ts';
import { nameOfBytes } from '../../src/shared/byte-name.ts';

test('words are as systemd reads them: the folder of relative paths, percent signs, bytes that are no text', () => {
  const odd = nameOfBytes(Buffer.from('/srv/a\xe9 100%\u200b', 'latin1'));
  const lines = systemdUnit(['/bin/unchoke', 'share', odd, '--data', 'déjà', '--systemd'], [odd]);
  const command = lines.find((line) => line.startsWith('ExecStart='));
  assert.equal(
    command,
    `ExecStart=${process.execPath} /bin/unchoke share "/srv/a\\xe9 100%%\\x0b" --data "déjà"`,
  );
  assert.ok(lines.includes(`WorkingDirectory=-${process.cwd()}`));
});
