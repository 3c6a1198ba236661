// Old rules are converted as Istio 0.8 did it, and into today's form so that nothing is lost.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';

import { ManualClock } from '@meltemi/base';
import { fixtureFolder } from '@meltemi/testkit';
import { parseAllDocuments } from 'yaml';

import { istioctl } from './istioctl.ts';

const SAMPLES = join(import.meta.dirname, '../../../samples/bookinfo');

async function run(...args: readonly string[]) {
  let [out, error] = ['', ''];
  const code = await istioctl(args, {
    out: (text) => void (out += text),
    error: (text) => void (error += text),
    readStdin: () => Promise.resolve(''),
    clock: new ManualClock(),
    configDir: '/nowhere',
    version: '1.2.3',
  });
  return { code, out, error };
}

function file(context: TestContext, text: string): string {
  const directory = mkdtempSync(join(tmpdir(), 'convert-'));
  context.after(() => rmSync(directory, { recursive: true }));
  writeFileSync(join(directory, 'given.yaml'), text);
  return join(directory, 'given.yaml');
}

const documentsOf = (text: string): readonly unknown[] =>
  parseAllDocuments(text).map((document) => document.toJS() as unknown);

interface ConvertCase {
  readonly name: string;
  readonly argv: readonly string[];
  readonly expected: string;
}

const folder = fixtureFolder('convert');
if (folder === undefined) test('11 cases of conversion', { skip: 'their folder is not here' });
else {
  const { cases } = JSON.parse(readFileSync(join(folder, 'cases.json'), 'utf8')) as {
    readonly cases: readonly ConvertCase[];
  };
  test('all cases are there', () => assert.equal(cases.length, 11));
  for (const { name, argv, expected } of cases) {
    test(`0.8 converts ${name}`, async () => {
      const args = argv.slice(1).map((word) => (word.startsWith('input/') ? join(folder, word) : word));
      const { code, out } = await run(...args);
      assert.equal(code, 0);
      assert.deepEqual(documentsOf(out), documentsOf(readFileSync(join(folder, expected), 'utf8')));
    });
  }
}

const RULE = `apiVersion: config.istio.io/v1alpha2
kind: RouteRule
metadata:
  name: jason
  namespace: shop
spec:
  destination:
    name: reviews
  precedence: 2
  match:
    source:
      name: productpage
    request:
      headers:
        cookie:
          regex: ^(.*?;)?(user=jason)(;.*)?$
  route:
  - labels:
      version: v2
    weight: 100
  httpReqTimeout:
    simpleTimeout:
      timeout: 1500ms
  httpReqRetries:
    simpleRetry:
      attempts: 3
      perTryTimeout: 2s
`;

test('the form of today says all that the mesh makes of a rule', async (context) => {
  const { code, out, error } = await run('convert', '-f', file(context, RULE));
  assert.deepEqual([code, error], [0, '']);
  const host = 'reviews.shop.svc.cluster.local';
  assert.deepEqual(documentsOf(out), [
    {
      apiVersion: 'networking.istio.io/v1',
      kind: 'DestinationRule',
      metadata: { name: 'reviews-route-rules', namespace: 'shop' },
      spec: { host, subsets: [{ name: 'version-v2', labels: { version: 'v2' } }] },
    },
    {
      apiVersion: 'networking.istio.io/v1',
      kind: 'VirtualService',
      metadata: { name: 'reviews-route-rules', namespace: 'shop' },
      spec: {
        hosts: [host],
        http: [
          {
            name: 'jason',
            match: [
              {
                headers: { cookie: { regex: '^(.*?;)?(user=jason)(;.*)?$' } },
                sourceLabels: { app: 'productpage' },
              },
            ],
            route: [{ destination: { host, subset: 'version-v2' }, weight: 100 }],
            timeout: '1500ms',
            retries: { attempts: 3, perTryTimeout: '2s', retryOn: '5xx,connect-failure,refused-stream' },
          },
          { route: [{ destination: { host } }] },
        ],
      },
    },
  ]);
});

test('the form of 0.8 has its durations, and what it leaves out is said', async (context) => {
  const { code, out, error } = await run('convert', '--to', 'v1alpha3', '-f', file(context, RULE));
  assert.equal(code, 0);
  assert.match(error, /given\.yaml:12:7: warning: "source" is left out, as Istio 0\.8 did/);
  const [virtualService] = documentsOf(out) as readonly { readonly spec: { readonly http: readonly object[] } }[];
  assert.deepEqual(virtualService!.spec.http, [
    {
      match: [{ headers: { cookie: { regex: '^(.*?;)?(user=jason)(;.*)?$' } } }],
      retries: { attempts: 3, perTryTimeout: '2.000s' },
      route: [{ destination: { host: 'reviews', subset: 'version-v2' }, weight: 100 }],
      timeout: '1.500s',
    },
  ]);
});

test('what is converted is valid and is converted to itself', async (context) => {
  const all = ['route-rule-all-v1', 'route-rule-reviews-test-v2', 'route-rule-ratings-test-delay'];
  const files = all.flatMap((name) => ['-f', join(SAMPLES, 'routing', `${name}.yaml`)]);
  const { out } = await run('convert', ...files);
  const converted = file(context, out);
  assert.equal((await run('validate', '-f', converted)).code, 0);
  assert.equal((await run('convert', '-f', converted)).out, out);
});

test('a port that an Ingress names by a word needs its Service', async (context) => {
  const ingress = `apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: front}
spec:
  ingressClassName: istio
  rules:
  - http:
      paths:
      - {path: /, pathType: Prefix, backend: {service: {name: web, port: {name: http}}}}
`;
  const { error } = await run('convert', '-f', file(context, ingress));
  assert.match(error, /given\.yaml:9:46: warning: the service "web" has no port "http"/);
  const service = 'apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {ports: [{name: http, port: 8080}]}\n';
  const { out, error: none } = await run('convert', '-f', file(context, `${ingress}---\n${service}`));
  assert.equal(none, '');
  assert.match(out, /port:\n\s+number: 8080\n/);
});

test('output goes into a file, and mistakes refuse the whole', async (context) => {
  const input = file(context, RULE);
  const written = `${input}.out`;
  assert.deepEqual(await run('convert', '-f', input, '-o', written), { code: 0, out: '', error: '' });
  assert.match(readFileSync(written, 'utf8'), /^apiVersion: networking\.istio\.io\/v1\n/);
  const broken = file(context, RULE.replace('precedence', 'precedense'));
  const { code, out, error } = await run('convert', '-f', broken);
  assert.deepEqual([code, out], [1, '']);
  assert.match(error, /given\.yaml:9:3: error: unknown field "precedense"/);
  assert.equal((await run('convert', '-f', input, '--to', 'v3')).code, 64);
  assert.equal((await run('convert')).code, 64);
});
