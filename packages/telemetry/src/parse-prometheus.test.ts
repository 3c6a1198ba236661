// What is written in Prometheus' format is read back, and what is not of it is refused with its line.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { prometheusText } from './expose-prometheus.ts';
import { parsePrometheus } from './parse-prometheus.ts';
import { StatsStore } from './stats-store.ts';

test('reads back what was written, whatever the labels hold', () => {
  const label = fc.string({ unit: 'binary' }).map((text) => text.replaceAll(/[\r\u2028\u2029]/g, ''));
  fc.assert(
    fc.property(fc.array(fc.tuple(label, fc.nat())), (pairs) => {
      const stats = new StatsStore();
      const wanted = new Map(pairs);
      for (const [value, count] of wanted)
        stats.counter({ text: `c.${value}`, metric: 'seen_total', labels: { value } }).add(count);
      const read = parsePrometheus(prometheusText(stats.list()));
      assert.deepEqual(new Map(read.map(({ labels, value }) => [labels['value'], value])), wanted);
      assert.ok(read.every(({ name }) => name === 'seen_total'));
    }),
  );
});

test('reads what other programs write: timestamps, exponents, infinities, spaces, comments', () => {
  const text = [
    '# HELP a words',
    'a 1.5e3 1395066363000',
    'b{ x = "1" , y="\\"\\\\\\n" ,} +Inf',
    '',
    ' c{} -Inf',
    'd NaN',
  ];
  assert.deepEqual(
    parsePrometheus(text.join('\n')).map(({ name, labels, value }) => [name, { ...labels }, value]),
    [
      ['a', {}, 1500],
      ['b', { x: '1', y: '"\\\n' }, Infinity],
      ['c', {}, -Infinity],
      ['d', {}, Number.NaN],
    ],
  );
});

test('refuses what is not of the format, and says where', () => {
  for (const line of ['{a="1"} 1', 'a', 'a{b="1} 1', 'a{b=1} 1', 'a{b="1" c="2"} 1', 'a 0x10', 'a one'])
    assert.throws(() => parsePrometheus(`ok 1\n${line}\n`), { code: 'BAD_PROMETHEUS_TEXT', line: 2 }, line);
});
