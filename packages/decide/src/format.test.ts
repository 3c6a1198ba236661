import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { type FormatSource, parseFormat, renderFormat } from './format.ts';

const source: FormatSource = {
  requestHeader: (name) => ({ 'x-a': 'from a', ':path': '/p' })[name],
  responseHeader: (name) => ({ server: 'envoy' })[name],
  value: (name, argument) => ({ PROTOCOL: 'HTTP/1.1', START_TIME: `at ${argument}` })[name],
};

test('renders text and commands', () => {
  const formats = {
    plain: 'plain',
    '100%%': '100%',
    '%REQ(X-A)%': 'from a',
    '[%REQ(x-none?x-a):4%]': '[from]',
    '%REQ(:PATH)% %PROTOCOL% %RESP(server)%': '/p HTTP/1.1 envoy',
    '%START_TIME(%Y)%': 'at %Y',
    '%UPSTREAM_HOST%.': '.',
  };
  const seen = Object.keys(formats).map((format) => [format, renderFormat(parseFormat(format), source)]);
  assert.deepEqual(Object.fromEntries(seen), formats);
});

test('refuses commands that are not known', () => {
  assert.throws(() => parseFormat('%NOTHING%'), { code: 'BAD_FORMAT' });
});

test('text with its percent signs doubled stays as it is', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      assert.equal(renderFormat(parseFormat(text.replaceAll('%', '%%')), source), text);
    }),
  );
});
