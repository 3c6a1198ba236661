// What istioctl 0.2.2 printed of rules, as it was written down.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { ManualClock } from '@meltemi/base';
import { fixtureFolder } from '@meltemi/testkit';
import { parseAllDocuments } from 'yaml';
import { istioctl } from './istioctl.ts';

interface Case {
  readonly kind: string;
  readonly configs: readonly string[];
  readonly request: { readonly argv: readonly string[] };
  readonly expected: string;
}

const folder = fixtureFolder('seed');

test('get prints rules as 0.2.2 did', { skip: !folder && '1 fixture is not here' }, async (context) => {
  const { cases } = JSON.parse(readFileSync(join(folder!, 'cases.json'), 'utf8')) as {
    readonly cases: readonly Case[];
  };
  const own = cases.filter(({ kind }) => kind === 'cli');
  assert.equal(own.length, 1);
  for (const { configs, request, expected } of own) {
    const files = configs.flatMap((path) => ['-f', join(folder!, path)]);
    const run = istioctlIn(context);
    await run(['create', ...files]);
    const printed = await run(request.argv.slice(1));
    assert.deepEqual(documents(printed), documents(readFileSync(join(folder!, expected), 'utf8')));
  }
});

function istioctlIn(context: TestContext): (args: readonly string[]) => Promise<string> {
  const configDir = mkdtempSync(join(tmpdir(), 'istioctl-'));
  context.after(() => rmSync(configDir, { recursive: true }));
  return async (args) => {
    let out = '';
    const code = await istioctl(args, {
      out: (text) => void (out += text),
      // The rules' services are not there: warnings.
      error: () => {},
      readStdin: () => Promise.resolve(''),
      clock: new ManualClock(0),
      configDir,
      version: '',
    });
    assert.equal(code, 0);
    return out;
  };
}

/** A revision is the store's own. */
function documents(text: string): readonly unknown[] {
  const all = parseAllDocuments(text);
  assert.ok(Array.isArray(all));
  return all.map((document) => {
    const { resourceVersion: _own, ...others } = (document.toJS() ?? {}) as Readonly<Record<string, unknown>>;
    return others;
  });
}
