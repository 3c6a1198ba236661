// The server beside h2spec, which checks RFC 9113 and RFC 7541 case by case.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import { startAnsweringServer } from './answering-server.ts';

const h2spec = process.env['MELTEMI_H2SPEC'];
if (!h2spec) process.stdout.write('left out: h2spec (146 cases), no program in MELTEMI_H2SPEC\n');

interface Outcome {
  readonly stdout: string;
}

describe('HTTP/2 server', { skip: h2spec ? false : 'no h2spec in MELTEMI_H2SPEC' }, () => {
  it('passes every case of h2spec, the strict ones too', { timeout: 60_000 }, async () => {
    const server = await startAnsweringServer();
    try {
      const arguments_ = ['-h', '127.0.0.1', '-p', String(server.port), '--strict', '-o', '2'];
      const { stdout } = await promisify(execFile)(h2spec!, arguments_).catch((error: Outcome) => error);
      assert.match(stdout, /^146 tests, 146 passed, 0 skipped, 0 failed$/m, stdout.slice(-4000));
    } finally {
      await server.close();
    }
  });
});
