// A file in which one object breaks: the mesh goes on with what was good of it, and says so everywhere.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { debugPage } from './support/debug-page.ts';
import { InProcessPilot } from './support/in-process-pilot.ts';
import { eventually } from './support/mesh-under-test.ts';

const route = (name: string, timeout: string): string => `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: ${name}}
spec:
  hosts: [${name}]
  http: [{timeout: ${timeout}, route: [{destination: {host: ${name}}}]}]
`;
const service = (name: string): string =>
  `apiVersion: v1\nkind: Service\nmetadata: {name: ${name}}\nspec: {ports: [{name: http, port: 80}]}\n`;

let pilot: InProcessPilot;
before(async () => {
  pilot = await InProcessPilot.start({});
  pilot.apply('world', ['a', 'b'].map(service).join('---\n'));
  pilot.apply('routes', ['a', 'b'].map((name) => route(name, '1s')).join('---\n'));
  await eventually(() => Promise.resolve(assert.deepEqual(timeouts(), ['1s', '1s'])));
});
after(() => pilot.close());

const timeouts = () => pilot.server.snapshot.config.virtualServices.map(({ spec }) => spec.http?.[0]?.timeout);
const gauge = () => /^pilot_config_problems\{.*$/m.exec(pilot.server.metrics.text())?.[0];

test('it is said with its place, in the object, and counted; and no longer when it is mended', async () => {
  pilot.apply('routes', [route('a', '2s'), route('b', 'soon')].join('---\n'));
  await eventually(() => Promise.resolve(assert.deepEqual(timeouts(), ['2s', '1s'])));
  const [problem, ...others] = pilot.problems();
  assert.deepEqual(others, []);
  assert.deepEqual(problem?.resource, { kind: 'VirtualService', namespace: 'default', name: 'b' });
  assert.match(problem.source?.file ?? '', /routes\.yaml$/);
  assert.deepEqual([problem.source?.line, problem.source?.column, problem.path], [13, 20, 'spec.http[0].timeout']);
  const objects = debugPage(pilot.server, 'configz') as {
    readonly metadata: { readonly name: string };
    readonly status?: { readonly validationMessages: readonly object[] };
  }[];
  const told = objects.flatMap(({ metadata, status }) =>
    status ? [[metadata.name, status.validationMessages.length]] : [],
  );
  assert.deepEqual(told, [['b', 1]]);
  const expected = `pilot_config_problems{code="${problem.code}",severity="error",kind="VirtualService"} 1`;
  await eventually(() => Promise.resolve(assert.equal(gauge(), expected)));
  pilot.apply('routes', [route('a', '2s'), route('b', '3s')].join('---\n'));
  await eventually(() => Promise.resolve(assert.deepEqual(timeouts(), ['2s', '3s'])));
  assert.deepEqual(pilot.problems(), []);
  await eventually(() => Promise.resolve(assert.equal(gauge(), undefined)));
});
