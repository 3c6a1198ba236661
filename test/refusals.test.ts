// A real Envoy refuses a rule that we let through: it goes on with what it had of it, and takes everything else.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { debugPage } from './support/debug-page.ts';
import { type RunningEnvoy, startEnvoy, withoutEnvoy } from './support/envoy.ts';
import { freePorts } from './support/free-ports.ts';
import { InProcessPilot } from './support/in-process-pilot.ts';
import { eventually, httpGet } from './support/mesh-under-test.ts';

const NAMES = ['reviews', 'ratings', 'details'];
/** Envoy has no such word for its log formats; whether a header's value has one, only Envoy knows. */
const REFUSED_HEADER = { response: { set: { 'x-bad': '%NO_SUCH_WORD%' } } };
/** There is no agent that has certificates. */
const PLAINTEXT = `apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: plaintext}
spec: {host: '*.default.svc.cluster.local', trafficPolicy: {tls: {mode: DISABLE}}}`;
const BAD_ROUTES = 'outbound|9080||reviews.default.svc.cluster.local';

for (const apiType of ['GRPC', 'DELTA_GRPC'] as const) {
  describe(`an Envoy by ${apiType}`, { skip: withoutEnvoy }, () => {
    let pilot: InProcessPilot;
    let envoy: RunningEnvoy;
    let ports: readonly number[];
    before(async () => {
      pilot = await InProcessPilot.start({});
      ports = await freePorts(NAMES.length);
      pilot.apply('world', [...NAMES.map(service), caller(ports), PLAINTEXT].join('\n---\n'));
      pilot.apply('rules', NAMES.map((name) => answering(name, 'one')).join('\n---\n'));
      envoy = await startEnvoy(bootstrap(pilot.port, apiType));
      await eventually(async () => assert.deepEqual(await answers(ports), ['one', 'one', 'one']));
    });
    after(async () => {
      await envoy.stop();
      await pilot.close();
    });

    test('the rule alone is taken back, and all others go on', async () => {
      const rules = NAMES.map((name) => answering(name, 'two', name === 'reviews' ? REFUSED_HEADER : undefined));
      pilot.apply('rules', rules.join('\n---\n'));
      await eventually(async () => assert.deepEqual(await answers(ports), ['one', 'two', 'two']));
      pilot.apply('rules', [rules[0], answering('ratings', 'three'), rules[2]].join('\n---\n'));
      await eventually(async () => assert.deepEqual(await answers(ports), ['one', 'three', 'two']));
    });

    test('it is said of the rule, of the proxy, and counted', async () => {
      const [problem, ...others] = pilot.server.problems().filter(({ code }) => code === 'MEL0302');
      assert.deepEqual(others, []);
      assert.deepEqual(problem?.resource, { kind: 'VirtualService', namespace: 'default', name: 'reviews' });
      assert.match(
        problem?.message ?? '',
        /^proxy caller\.default refused RDS .*goes on with what it had: .*NO_SUCH_WORD/,
      );
      assert.match(problem?.source?.file ?? '', /rules\.yaml$/);
      const [proxy] = debugPage(pilot.server, 'syncz') as { resources: Record<string, { lastError?: string }> }[];
      const errors = Object.values(proxy!.resources).flatMap(({ lastError }) => lastError ?? []);
      assert.equal(errors.length, 1);
      assert.ok(errors[0]!.startsWith(`${BAD_ROUTES}: `), String(errors[0]));
      const objects = debugPage(pilot.server, 'configz') as {
        metadata: { name: string };
        status?: { validationMessages: object[] };
      }[];
      const withStatus = objects.filter(({ status }) => status).map(({ metadata }) => metadata.name);
      assert.deepEqual(withStatus, ['reviews']);
      assert.match(pilot.server.metrics.text(), /^pilot_total_xds_rejects\{type="rds"\} [1-9]/m);
    });

    test('once it is mended, it is taken', async () => {
      pilot.apply('rules', NAMES.map((name) => answering(name, 'four')).join('\n---\n'));
      await eventually(async () => assert.deepEqual(await answers(ports), ['four', 'four', 'four']));
      await eventually(() => Promise.resolve(assert.deepEqual(pilot.problems(), [])));
    });
  });
}

/** What the caller's listeners answer, in the order of the names. */
function answers(listeners: readonly number[]): Promise<readonly string[]> {
  return Promise.all(listeners.map(async (port) => (await httpGet(`http://127.0.0.1:${port}/`)).body));
}

function service(name: string): string {
  return `apiVersion: v1
kind: Service
metadata: {name: ${name}}
spec: {selector: {app: ${name}}, ports: [{name: http, port: 9080}]}`;
}

function caller(listeners: readonly number[]): string {
  const outbound = NAMES.map((name, index) => [
    `${name}.default.svc.cluster.local:9080`,
    `127.0.0.1:${listeners[index]}`,
  ]);
  return `apiVersion: v1
kind: Pod
metadata: {name: caller, annotations: {mesh.meltemi.io/ports: '${JSON.stringify({ outbound: Object.fromEntries(outbound) })}'}}
spec: {containers: [{name: app}]}
status: {phase: Running, podIP: 127.0.0.1}`;
}

function answering(name: string, body: string, headers?: object): string {
  const directResponse = { status: 200, body: { string: body } };
  return `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: ${name}}
spec: ${JSON.stringify({ hosts: [name], http: [{ directResponse, ...(headers && { headers }) }] })}`;
}

function bootstrap(port: number, apiType: string) {
  const source = { ads: {}, resourceApiVersion: 'V3' };
  const endpoint = { address: { socketAddress: { address: '127.0.0.1', portValue: port } } };
  return {
    node: {
      id: 'sidecar~127.0.0.1~caller.default~default.svc.cluster.local',
      cluster: 'caller',
      metadata: { INTERCEPTION_MODE: 'NONE' },
    },
    dynamicResources: {
      adsConfig: { apiType, transportApiVersion: 'V3', grpcServices: [{ envoyGrpc: { clusterName: 'xds' } }] },
      cdsConfig: source,
      ldsConfig: source,
    },
    staticResources: {
      clusters: [
        {
          name: 'xds',
          type: 'STATIC',
          http2ProtocolOptions: {},
          loadAssignment: { clusterName: 'xds', endpoints: [{ lbEndpoints: [{ endpoint }] }] },
        },
      ],
    },
  };
}
