// What `mixc check`, `quota` and `report` print, from a Mixer on the wire.
import assert from 'node:assert/strict';
import test from 'node:test';

import { mixerWorld } from '../serve/mixer-world.fixture.ts';
import { duration, timestamp } from '../values/value.ts';

import { readAttributes } from './attribute-flags.ts';
import { mixc } from './mixc.ts';
import type { MixcResult } from './mixc-result.ts';

const POLICY = `
apiVersion: config.istio.io/v1alpha2
kind: listchecker
metadata: {name: versions, namespace: istio-system}
spec: {overrides: [v1, v2], cachingInterval: 5s, cachingUseCount: 9}
---
apiVersion: config.istio.io/v1alpha2
kind: listentry
metadata: {name: version, namespace: istio-system}
spec: {value: 'source.labels["version"]'}
---
apiVersion: config.istio.io/v1alpha2
kind: rule
metadata: {name: white, namespace: istio-system}
spec: {match: destination.namespace | "x" == "x", actions: [{handler: versions.listchecker, instances: [version.listentry]}]}
---
apiVersion: config.istio.io/v1alpha2
kind: memquota
metadata: {name: limits, namespace: istio-system}
spec: {quotas: [{name: requestcount.quota.istio-system, maxAmount: 5, validDuration: 90s}]}
---
apiVersion: config.istio.io/v1alpha2
kind: quota
metadata: {name: requestcount, namespace: istio-system}
spec: {dimensions: {}}
---
apiVersion: config.istio.io/v1alpha2
kind: rule
metadata: {name: limit, namespace: istio-system}
spec: {actions: [{handler: limits.memquota, instances: [requestcount.quota]}]}
---
apiVersion: config.istio.io/v1alpha2
kind: stdio
metadata: {name: out, namespace: istio-system}
spec: {}
---
apiVersion: config.istio.io/v1alpha2
kind: metric
metadata: {name: size, namespace: istio-system}
spec: {value: request.size, dimensions: {}}
---
apiVersion: config.istio.io/v1alpha2
kind: rule
metadata: {name: log, namespace: istio-system}
spec: {actions: [{handler: out.stdio, instances: [size.metric]}]}
`;

function run(port: number, ...args: readonly string[]): Promise<MixcResult> {
  return mixc([args[0]!, '-m', `localhost:${port}`, ...args.slice(1)], Date.now);
}

test('check prints status, validity, references and quotas', async () => {
  await using mixer = await mixerWorld(POLICY);
  const ask = async (...args: readonly string[]) => (await mixcCheck(mixer.server.port, args)).out;
  assert.equal(
    await ask('--stringmap_attributes', 'source.labels=version:v2;app:a', '-q', 'requestcount=7'),
    `Check RPC completed successfully. Check status was OK
  Valid use count: 9, valid duration: 5s
  Referenced Attributes
    destination.namespace ABSENCE
    source.labels::version EXACT
  Quota         Granted Amount  Duration
  requestcount  5               1m30s
`,
  );
  assert.match(
    await ask('--stringmap_attributes', 'source.labels=version:v3', '-r', '2'),
    /^(Check RPC completed successfully\. Check status was NOT_FOUND \(versions\.listchecker\.istio-system:v3 is not whitelisted\)\n( .*\n)+){2}$/,
  );
});

test('quota takes one quota by its name', async () => {
  await using mixer = await mixerWorld(POLICY);
  const labels = ['--stringmap_attributes', 'source.labels=version:v1'];
  const { out } = await run(mixer.server.port, 'quota', '--name', 'requestcount', '--amount', '2', ...labels);
  assert.match(out, /\n {2}requestcount {2}2 {15}1m30s\n$/);
});

test('report sends so many requests, in batches', async () => {
  await using mixer = await mixerWorld(POLICY);
  const { out } = await run(mixer.server.port, 'report', '-i', 'request.size=7', '-r', '3', '--report_batch_size', '2');
  assert.equal(out, 'Report RPC returned OK\nReport RPC returned OK\n');
  assert.equal(mixer.lines.length, 3);
});

test('a call that fails says how, and exits with 1', async () => {
  const { exitCode, out } = await run(1, 'check');
  assert.equal(exitCode, 1);
  assert.match(out, /^Check RPC failed with: Unavailable \(.*ECONNREFUSED/);
});

test('values are read by their flags, and sensed without', () => {
  const sensed = readAttributes({
    attributes: 'a=1,b=1.5,c=true,d=2017-07-04T00:00:00Z,e=10ms,f=c0:0:0:2,g=k:v;l:w,h=x',
  });
  assert.deepEqual(
    [...sensed.values()],
    [
      1n,
      1.5,
      true,
      timestamp(1_499_126_400_000_000_000n),
      duration(10_000_000n),
      Uint8Array.of(192, 0, 0, 2),
      new Map([
        ['k', 'v'],
        ['l', 'w'],
      ]),
      'x',
    ],
  );
  assert.deepEqual(readAttributes({ string_attributes: 'a=1=2' }), new Map([['a', '1=2']]));
});

test('flags that make no sense are refused with a reason', async () => {
  const wrong = async (...args: readonly string[]) => (await mixc(args, Date.now)).error;
  assert.equal(await wrong('check', '-i', 'a=x'), '--int64_attributes: a: "x" is not an int64\n');
  assert.equal(await wrong('check', '-s', 'a'), 'attribute value a does not include an = sign\n');
  assert.equal(await wrong('check', '-q', '=1'), 'Quota definition =1 does not contain a valid name\n');
  assert.equal(await wrong('check', '-r', '0'), '--repeat: "0" is not a number above 0\n');
  assert.equal(await wrong('report', 'x'), "'x' is an invalid argument\n");
  assert.match(await wrong('check', '--what'), /--what/);
});

function mixcCheck(port: number, args: readonly string[]): Promise<MixcResult> {
  return run(port, 'check', ...args);
}
