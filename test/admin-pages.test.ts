// The admin pages beside a real Envoy's on the same configuration: the same fields in every answer; and as istioctl reads them.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import type { JsonObject } from '@bufbuild/protobuf';
import { adminWorld } from './support/admin-world.ts';
import { startEnvoy, withoutEnvoy } from './support/envoy.ts';
import { freePorts } from './support/free-ports.ts';
import { startProxyProcess } from './support/proxy-process.ts';

const run = promisify(execFile);
const istioctl = process.env['MELTEMI_REAL_ISTIOCTL'];

/** Asked of both; what comes back is compared by its status, its type and the names of its fields. */
const JSON_PAGES: readonly string[] = [
  '/certs',
  '/clusters?format=json',
  '/config_dump',
  '/config_dump?include_eds',
  '/config_dump?resource=dynamic_listeners',
  '/config_dump?resource=static_clusters&name_regex=agent',
  '/config_dump?mask=bootstrap.admin',
  '/init_dump',
  '/listeners?format=json',
  '/memory',
  '/runtime',
  '/server_info',
  '/stats?format=json&filter=cds.update',
];

/** Compared by their text. */
const TEXT_PAGES: readonly string[] = [
  '/ready',
  '/stats?filter=version_text&type=TextReadouts',
  '/config_dump?resource=nope',
  '/config_dump?mask=bogus.field',
  '/quitquitquit',
  '/stats/recentlookups/enable',
];

/** Where the answers differ by what the two programs are. */
const OWN: readonly RegExp[] = [
  // Envoy's version, build and extensions; ours says its name and version.
  /node\.(?:extensions|user_agent)/,
  // Whether a resource was acknowledged, which Envoy leaves out here.
  /\.client_status$/,
  // Envoy shows endpoints as it completed them, we as they came.
  /_endpoint_configs\[\]\.(?:endpoint_config\.(?:policy|endpoints\[\]\.(?:locality|load_balancing_weight|lb_endpoints\[\]\.(?:health_status|load_balancing_weight|endpoint\.health_check_config)))|last_updated|version_info)/,
  // Static secrets were there from the start.
  /static_secrets\[\]\.last_updated$/,
  // The keys of the command line that only the other knows.
  /command_line_options\./,
];

async function withPrograms(use: (envoy: string, ours: string) => Promise<void>): Promise<void> {
  const ports = await freePorts(8);
  const worlds = [adminWorld(ports.slice(0, 4)), adminWorld(ports.slice(4))] as const;
  const envoy = await startEnvoy(worlds[0].bootstrap);
  try {
    const ours = await startProxyProcess(worlds[1].bootstrap);
    try {
      const [first, second] = worlds.map(({ adminPort }) => `http://127.0.0.1:${adminPort}`);
      await use(first!, second!);
    } finally {
      await ours.stop();
    }
  } finally {
    await envoy.stop();
    for (const world of worlds) world.close();
  }
}

test('admin pages have the fields of a real Envoy', { skip: withoutEnvoy }, async () => {
  await withPrograms(async (envoy, ours) => {
    for (const page of JSON_PAGES) {
      const [theirs, own] = await Promise.all([jsonOf(envoy + page), jsonOf(ours + page)]);
      assert.deepEqual(own, theirs, page);
    }
    for (const page of TEXT_PAGES) {
      const [theirs, own] = await Promise.all([textOf(envoy + page), textOf(ours + page)]);
      assert.deepEqual(own, theirs, page);
    }
  });
});

async function jsonOf(url: string): Promise<object> {
  const response = await fetch(url);
  const body = (await response.json()) as JsonObject;
  const paths = new Set(fieldPaths(body, '').filter((path) => !OWN.some((own) => own.test(path))));
  return { status: response.status, type: response.headers.get('content-type'), fields: [...paths].sort() };
}

async function textOf(url: string): Promise<object> {
  const response = await fetch(url);
  return { status: response.status, text: (await response.text()).trim() };
}

/** Of all leaves: `configs[].bootstrap.node.id`; members of lists are one. */
function fieldPaths(value: unknown, path: string): readonly string[] {
  if (Array.isArray(value)) return value.flatMap((item) => fieldPaths(item, `${path}[]`));
  if (typeof value !== 'object' || value === null) return [path];
  return Object.entries(value).flatMap(([key, member]) => fieldPaths(member, path === '' ? key : `${path}.${key}`));
}

test('certificates are those of listeners and of clusters', { skip: withoutEnvoy }, async () => {
  await withPrograms(async (envoy, ours) => {
    const [theirs, own] = await Promise.all([certificatesOf(envoy), certificatesOf(ours)]);
    assert.deepEqual(own, theirs);
    assert.ok(own.includes('1 of authorities, 1 of its own'), own.join('; '));
  });
});

async function certificatesOf(proxy: string): Promise<readonly string[]> {
  const { certificates } = (await (await fetch(`${proxy}/certs`)).json()) as {
    readonly certificates: readonly { readonly ca_cert: readonly object[]; readonly cert_chain: readonly object[] }[];
  };
  return certificates
    .map((each) => `${each.ca_cert.length} of authorities, ${each.cert_chain.length} of its own`)
    .sort();
}

test(
  'the real istioctl reads the configuration dump',
  { skip: istioctl ? false : 'MELTEMI_REAL_ISTIOCTL names no istioctl' },
  async () => {
    const world = adminWorld(await freePorts(4));
    const folder = await mkdtemp(join(tmpdir(), 'mesh-istioctl-'));
    const proxy = await startProxyProcess(world.bootstrap);
    try {
      const dump = join(folder, 'dump.json');
      writeFileSync(dump, await (await fetch(`http://127.0.0.1:${world.adminPort}/config_dump?include_eds`)).text());
      const clusters = join(folder, 'clusters.json');
      writeFileSync(clusters, await (await fetch(`http://127.0.0.1:${world.adminPort}/clusters?format=json`)).text());
      const table = async (what: string, file: string) =>
        (await run(istioctl!, ['proxy-config', what, '--file', file])).stdout;
      const found = {
        cluster: await table('cluster', dump),
        listener: await table('listener', dump),
        route: await table('route', dump),
        endpoint: await table('endpoint', clusters),
        secret: await table('secret', dump),
        bootstrap: await table('bootstrap', dump),
        all: await table('all', dump),
      };
      assert.match(found.cluster, /^b\.demo\.svc\.cluster\.local +80 +- +outbound +EDS/m);
      assert.match(found.cluster, /^agent +- +- +- +STATIC/m);
      assert.match(found.listener, /^127\.0\.0\.1 +\d+ +ALL +Route: 80/m);
      assert.match(found.route, /^80 +b\.demo\.svc\.cluster\.local:80 +b\.demo\.svc\.cluster\.local:80 +\/\*/m);
      assert.match(found.endpoint, /^127\.0\.0\.1:\d+ +HEALTHY +OK +outbound\|80\|\|b\.demo\.svc\.cluster\.local$/m);
      assert.match(found.secret, /^default +Cert Chain +ACTIVE +true/m);
      assert.equal(
        (JSON.parse(found.bootstrap) as { bootstrap: { node: { cluster: string } } }).bootstrap.node.cluster,
        'a.demo',
      );
      assert.match(found.all, /outbound.*EDS[^]*Route: 80[^]*default +Cert Chain/);
    } finally {
      await proxy.stop();
      world.close();
      await rm(folder, { recursive: true });
    }
  },
);
