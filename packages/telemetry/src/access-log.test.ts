import assert from 'node:assert/strict';
import { mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { packAny } from '@meltemi/api';
import {
  type AccessLogFilterSchema,
  AccessLogSchema,
  ComparisonFilter_Op,
} from '@meltemi/api/envoy/config/accesslog/v3/accesslog_pb';
import { FileAccessLogSchema } from '@meltemi/api/envoy/extensions/access_loggers/file/v3/file_pb';
import { ManualClock } from '@meltemi/base';
import { accessLogOf } from './access-log.ts';
import type { AccessLogEntry } from './access-log-entry.ts';
import { createLogFiles } from './log-files.ts';

let folder: string;
before(async () => void (folder = await mkdtemp(join(tmpdir(), 'access-log-'))));
after(() => rm(folder, { recursive: true }));

function fileLog(path: string, filter?: MessageInitShape<typeof AccessLogFilterSchema>) {
  const file = create(FileAccessLogSchema, {
    path,
    accessLogFormat: { case: 'logFormat', value: { format: { case: 'textFormat', value: '%RESPONSE_CODE%\n' } } },
  });
  return create(AccessLogSchema, {
    name: 'envoy.access_loggers.file',
    ...(filter && { filter }),
    configType: { case: 'typedConfig', value: packAny(FileAccessLogSchema, file) },
  });
}

const answered = (responseCode: number) => ({ responseCode }) as AccessLogEntry;

describe('accessLogOf', () => {
  it('writes to one file from several logs, in batches, and again after the file was moved', async () => {
    const path = join(folder, 'shared.log');
    const files = createLogFiles(new ManualClock());
    const context = { files, hostname: 'h' };
    const one = accessLogOf(fileLog(path), context);
    const two = accessLogOf(fileLog(path), context);
    one.log(answered(200));
    two.log(answered(404));
    await files.close();
    await rename(path, `${path}.1`);
    files.reopen();
    one.log(answered(500));
    await files.close();
    assert.deepEqual([await readFile(`${path}.1`, 'utf8'), await readFile(path, 'utf8')], ['200\n404\n', '500\n']);
  });

  it('flushes a second after the first line', async () => {
    const clock = new ManualClock();
    const files = createLogFiles(clock);
    accessLogOf(fileLog(join(folder, 'timed.log')), { files, hostname: 'h' }).log(answered(200));
    assert.equal(clock.pending, 1);
    clock.advance(1000);
    assert.equal(clock.pending, 0);
    await files.close();
    assert.equal(await readFile(join(folder, 'timed.log'), 'utf8'), '200\n');
  });

  it('counts the lines that a file could not take', async () => {
    const files = createLogFiles(new ManualClock());
    accessLogOf(fileLog(join(folder, 'no/such/folder.log')), { files, hostname: 'h' }).log(answered(200));
    await files.close();
    assert.equal(files.dropped, 1);
  });

  it('drops lines above its queue, and keeps those before', () => {
    const files = createLogFiles(new ManualClock());
    const file = files.open('/dev/full');
    for (let line = 0; line < 5; line++) file.write(`${'x'.repeat(1024 * 1024)}\n`);
    assert.ok(files.dropped >= 1);
    return files.close();
  });

  it('logs only what its filter passes', async () => {
    const path = join(folder, 'filtered.log');
    const files = createLogFiles(new ManualClock());
    const comparison = { op: ComparisonFilter_Op.GE, value: { defaultValue: 400 } };
    const filter = { filterSpecifier: { case: 'statusCodeFilter', value: { comparison } } } as const;
    const log = accessLogOf(fileLog(path, filter), { files, hostname: 'h' });
    for (const code of [200, 404, 399, 503]) log.log(answered(code));
    await files.close();
    assert.equal(await readFile(path, 'utf8'), '404\n503\n');
  });

  it('refuses filters and logs that it does not know', () => {
    const context = { files: createLogFiles(new ManualClock()), hostname: 'h' };
    const filter = { filterSpecifier: { case: 'extensionFilter', value: { name: 'cel' } } } as const;
    assert.throws(() => accessLogOf(fileLog('/x', filter), context), { code: 'UNSUPPORTED_FILTER' });
    assert.throws(() => accessLogOf(create(AccessLogSchema, { name: 'x' }), context), { code: 'UNSUPPORTED_LOG' });
  });
});
