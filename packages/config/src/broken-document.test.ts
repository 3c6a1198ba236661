// A file with several objects, one of which is broken in any way: the others are read, and of the broken one stays what was good.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { decodeContent, type FileContent } from './read-files.ts';
import type { VirtualService } from './model/virtual-service.ts';

/** A VirtualService that says its generation, as block YAML. */
function written(index: number, generation: number): string {
  return `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata:
  name: r${index}
spec:
  hosts: [h${index}]
  http:
  - timeout: ${generation}s
    match:
    - uri: {regex: '/a.*'}
    route:
    - destination: {host: a}
      weight: 100
`;
}

type Breakage = (text: string) => string;
const replaced =
  (part: RegExp | string, by: string): Breakage =>
  (text) =>
    text.replace(part, by);

/** Ways to break an object; none of them says which object it was, where the name itself is what is lost. */
const BREAKAGES: Readonly<Record<string, Breakage>> = {
  'a quote that is left open': replaced('kind: ', 'kind: "'),
  'a single quote that is left open': replaced('timeout: ', "timeout: '"),
  'a list that is left open': replaced(/hosts: \[(h\d)\]/, 'hosts: [$1'),
  'a map that is left open': replaced('{host: a}', '{host: a'),
  'a bracket too much': replaced(/hosts: \[(h\d)\]/, 'hosts: [$1]]'),
  'a tab in the indentation': replaced('  http:', '\thttp:'),
  'an indentation that fits nothing': replaced('    match:', '   match:'),
  'two colons': replaced('weight: 100', 'weight: 1: 00'),
  'a key twice': replaced('spec:', 'kind: Gateway\nspec:'),
  'an alias of nothing': replaced('timeout: ', 'timeout: *nothing '),
  'a control character': replaced('weight', 'wei\u0001ght'),
  'an unknown kind': replaced('kind: VirtualService', 'kind: VirtualServce'),
  'an unknown version': replaced('networking.istio.io/v1', 'networking.istio.io/v9'),
  'an unknown field': replaced('route:', 'rout:'),
  'a wrong type': replaced(/hosts: .*/, 'hosts: 7'),
  'a list in the place of an object': () => '- a\n- b\n',
  'a text in the place of an object': () => 'nothing but words\n',
  'a missing field': replaced(/destination: .*\n\s+/, ''),
  'a bad regular expression': replaced("'/a.*'", "'/a(('"),
  'a bad duration': replaced(/timeout: .*/, 'timeout: soon'),
  'a number out of range': replaced('weight: 100', 'weight: -1'),
  'a null in the place of a name': replaced(/name: r\d/, 'name:'),
  'a namespace that is none': replaced(/name: (r\d)/, 'name: $1\n  namespace: N_1'),
  'a name that is none': replaced(/name: r(\d)/, 'name: R_$1'),
};

function generations({ resources }: FileContent): Readonly<Record<string, string>> {
  const all = resources.map(({ metadata, spec }) => [metadata.name, (spec as VirtualService).http![0]!.timeout!]);
  return Object.fromEntries(all.toSorted(([one], [other]) => (one! < other! ? -1 : 1))) as Record<string, string>;
}

const contentOf = (text: string, before?: FileContent): FileContent => decodeContent('f.yaml', '', text, before);

function joined(documents: readonly string[]): string {
  return documents.join('---\n');
}

const set = fc.record({
  count: fc.integer({ min: 1, max: 5 }),
  broken: fc.nat({ max: 4 }),
  breakage: fc.constantFrom(...Object.keys(BREAKAGES)),
});

test('one object that breaks harms no other, and stays as it was', () => {
  const met = new Set<string>();
  const property = fc.property(set, ({ count, broken, breakage }) => {
    const at = broken % count;
    const before = contentOf(joined(Array.from({ length: count }, (_, index) => written(index, 1))));
    assert.deepEqual(before.problems, []);
    const documents = Array.from({ length: count }, (_, index) => written(index, 2));
    documents[at] = BREAKAGES[breakage]!(documents[at]!);
    const now = contentOf(joined(documents), before);
    const expected = Array.from({ length: count }, (_, index) => [`r${index}`, index === at ? '1s' : '2s']);
    assert.deepEqual(generations(now), Object.fromEntries(expected), joined(documents));
    const first = joined(documents.slice(0, at)).split('\n').length + (at > 0 ? 1 : 0);
    const last = first + documents[at].split('\n').length;
    const errors = now.problems.filter(({ severity }) => severity === 'error');
    assert.ok(errors.length > 0);
    for (const { source } of errors) {
      assert.ok(source!.line >= first - 1 && source!.line <= last, `${source!.line} is not in ${first}–${last}`);
    }
    met.add(breakage);
  });
  fc.assert(property, { numRuns: 600 });
  assert.equal(met.size, Object.keys(BREAKAGES).length);
});

test('when it is good again, it is what is written, and nothing is left of the mistake', () => {
  for (const breakage of Object.values(BREAKAGES)) {
    const [one, other] = [written(0, 1), written(1, 1)];
    const broken = contentOf(joined([one, breakage(other)]), contentOf(joined([one, other])));
    const again = contentOf(joined([one, written(1, 3)]), broken);
    assert.deepEqual([generations(again), again.problems], [{ r0: '1s', r1: '3s' }, []]);
    assert.deepEqual(generations(contentOf(one, again)), { r0: '1s' });
  }
});
