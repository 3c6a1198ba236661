// What the mesh does when its parts are killed, when certificates live for seconds, and when two meshes share a machine.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect as connectPlain, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import {
  eventually,
  httpGet,
  isRunning,
  type MeshUnderTest,
  root,
  startLoad,
  startMesh,
} from './support/mesh-under-test.ts';
import { reviewsVersion } from './support/reviews.ts';
import { type Pair, secureGet } from './support/secure-get.ts';

/** Seconds: the test sees several rotations. */
const CERTIFICATE_TTL = '6s';

let mesh: MeshUnderTest;
before(async () => {
  mesh = await startMesh({ flags: ['--workload-cert-ttl', CERTIFICATE_TTL] });
});
after(() => mesh.close());

test('identities rotate under traffic and no request fails', async () => {
  const { sidecar } = await mesh.workload('details-v1');
  const first = await serialOf(sidecar.inbound);
  const load = startLoad(`${await mesh.ingress()}/api/v1/products/0`, 4);
  const seen = new Set([first]);
  await eventually(async () => {
    seen.add(await serialOf(sidecar.inbound));
    assert.ok(seen.size >= 4, `${seen.size} certificates seen`);
  }, 40_000);
  const { requests, failures } = await load.stop();
  assert.deepEqual(failures, []);
  assert.ok(requests > 100);
});

test("a workload's identity is its own SPIFFE name, issued by the mesh's CA", async () => {
  const details = await certificateOf((await mesh.workload('details-v1')).sidecar.inbound);
  assert.equal(details.subjectaltname, 'URI:spiffe://cluster.local/ns/default/sa/bookinfo-details');
  const ratings = await certificateOf((await mesh.workload('ratings-v1')).sidecar.inbound);
  assert.equal(ratings.subjectaltname, 'URI:spiffe://cluster.local/ns/default/sa/bookinfo-ratings');
});

test('plaintext to an inbound port is refused', async () => {
  const { sidecar } = await mesh.workload('details-v1');
  await assert.rejects(httpGet(`http://${sidecar.inbound}/details/0`));
});

test('a raw connection to an inbound port gets no answer', async () => {
  const { sidecar } = await mesh.workload('ratings-v1');
  const [host, port] = sidecar.inbound.split(':');
  const received = await new Promise<string>((resolve) => {
    const socket = connectPlain({ host, port: Number(port) }, () =>
      socket.write('GET /ratings/0 HTTP/1.1\r\nhost: ratings\r\n\r\n'),
    );
    let bytes = '';
    socket.on('data', (chunk) => (bytes += chunk.toString('latin1')));
    socket.on('error', () => {});
    socket.on('close', () => resolve(bytes));
  });
  assert.ok(!received.startsWith('HTTP/'), received);
});

test('a certificate of another CA is refused, and so is none', async () => {
  const { sidecar } = await mesh.workload('details-v1');
  const foreign = foreignCertificate();
  assert.match(await secureGet(sidecar.inbound, foreign), /^refused/);
  assert.match(await secureGet(sidecar.inbound, {}), /^refused/);
});

test('a killed application comes back by itself; meanwhile requests get 503', async () => {
  const { pid } = await mesh.workload('details-v1');
  process.kill(pid, 'SIGKILL');
  const during = await mesh.get('/api/v1/products/0');
  assert.ok([200, 503].includes(during.status), String(during.status));
  await eventually(async () => assert.equal((await mesh.get('/api/v1/products/0')).status, 200));
  assert.notEqual((await mesh.workload('details-v1')).pid, pid);
});

test('a killed sidecar comes back by itself', async () => {
  const { sidecar } = await mesh.workload('reviews-v2');
  process.kill(sidecar.pid, 'SIGKILL');
  await eventually(async () => {
    const now = (await mesh.workload('reviews-v2')).sidecar.pid;
    assert.ok(now !== 0 && now !== sidecar.pid);
  });
  await eventually(async () => {
    for (let sent = 0; sent < 12; sent++) assert.notEqual(await reviewsVersion(mesh), 'unavailable');
  });
});

test('the control plane is killed: requests go on, and after its return nothing is lost', async () => {
  await mesh.istioctl('create', '-f', join(root, 'samples/bookinfo/routing/route-rule-all-v1.yaml'));
  await eventually(async () => {
    for (let sent = 0; sent < 6; sent++) assert.equal(await reviewsVersion(mesh), 'v1');
  });
  const { controlPlane } = await mesh.status();
  const load = startLoad(`${await mesh.ingress()}/api/v1/products/0/reviews`, 4);
  process.kill(controlPlane.pid, 'SIGKILL');
  await eventually(async () => {
    const { pid } = (await mesh.status()).controlPlane;
    assert.ok(pid !== 0 && pid !== controlPlane.pid);
    assert.equal((await httpGet(`http://${controlPlane.http}/ready`)).status, 200);
  });
  await mesh.istioctl('replace', '-f', join(root, 'samples/bookinfo/routing/route-rule-reviews-v3.yaml'));
  await eventually(async () => assert.equal(await reviewsVersion(mesh), 'v3'));
  const { requests, failures } = await load.stop();
  assert.deepEqual(failures, []);
  assert.ok(requests > 20, `${requests} requests`);
});

test('a control plane that starts while a file is broken has what was good of it', async () => {
  const file = join(mesh.directory, 'route-rule-reviews-default.default.yaml');
  const good = readFileSync(file, 'utf8');
  writeFileSync(file, good.replace('precedence', 'precedance'));
  await eventually(async () => assert.equal((await mesh.status()).problems.length, 1));
  const { controlPlane } = await mesh.status();
  process.kill(controlPlane.pid, 'SIGKILL');
  await eventually(async () => {
    assert.notEqual((await mesh.status()).controlPlane.pid, controlPlane.pid);
    assert.equal((await httpGet(`http://${controlPlane.http}/ready`)).status, 200);
  });
  const { problems } = await eventually(async () => {
    const status = await mesh.status();
    assert.equal(status.problems.length, 1);
    return status;
  });
  assert.match(problems[0]!.message, /unknown field "precedance"/);
  for (let sent = 0; sent < 9; sent++) assert.equal(await reviewsVersion(mesh), 'v3');
  writeFileSync(file, good);
  await eventually(async () => assert.deepEqual((await mesh.status()).problems, []));
});

test('a second mesh on the machine disturbs neither', async () => {
  const second = await startMesh();
  try {
    assert.notEqual(await second.ingress(), await mesh.ingress());
    await second.istioctl('create', '-f', join(root, 'samples/bookinfo/routing/route-rule-all-v1.yaml'));
    await eventually(async () => {
      for (let sent = 0; sent < 6; sent++) assert.equal(await reviewsVersion(second), 'v1');
    });
    assert.equal(await reviewsVersion(mesh), 'v3');
  } finally {
    await second.close();
  }
  assert.equal(await reviewsVersion(mesh), 'v3');
});

test('a second mesh in the same directory is refused', async () => {
  const { code, stderr } = await mesh.command('up', '--dir', mesh.directory);
  assert.equal(code, 1);
  assert.match(stderr, /a mesh runs here already \(pid \d+/);
  assert.equal((await mesh.status()).workloads.length, 6, 'the first one goes on, and commands find it');
});

test('an ingress address that is taken names who holds it', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const directory = mkdtempSync(join(tmpdir(), 'mesh-'));
  try {
    const { code, stderr } = await mesh.command('up', '--dir', directory, '--ingress', `127.0.0.1:${port}`);
    assert.equal(code, 1);
    assert.match(stderr, new RegExp(`127\\.0\\.0\\.1:${port} is taken`));
    if (existsSync('/proc/net/tcp')) assert.match(stderr, new RegExp(`process ${process.pid} `));
  } finally {
    server.close();
    rmSync(directory, { recursive: true });
  }
});

test('when `mesh up` itself is killed, everything ends', async () => {
  const victim = await startMesh();
  const status = await victim.status();
  const pids = [
    status.controlPlane.pid,
    status.ingress.pid,
    ...status.workloads.flatMap((w) => [w.pid, w.sidecar.pid]),
  ];
  const { supervisor } = JSON.parse(readFileSync(join(victim.directory, '.mesh/mesh.json'), 'utf8')) as {
    supervisor: { pid: number };
  };
  process.kill(supervisor.pid, 'SIGKILL');
  await eventually(async () => {
    assert.deepEqual(pids.filter(isRunning), []);
  });
  await victim.close();
});

/** The server's certificate, which a listener shows even to a client that it will refuse. */
function certificateOf(address: string): Promise<{ subjectaltname?: string; serialNumber: string }> {
  const [host, port] = address.split(':');
  return new Promise((resolve, reject) => {
    const socket = connectTls({ host, port: Number(port), rejectUnauthorized: false }, () => {
      const certificate = socket.getPeerCertificate();
      socket.destroy();
      resolve(certificate);
    });
    socket.once('error', reject);
  });
}

async function serialOf(address: string): Promise<string> {
  return (await certificateOf(address)).serialNumber;
}

/** A self-made CA with a leaf of the right name: everything is right but the root. */
function foreignCertificate(): Pair {
  const directory = mkdtempSync(join(tmpdir(), 'foreign-'));
  const openssl = (...args: string[]) =>
    execFileSync(process.env['MELTEMI_OPENSSL'] ?? 'openssl', args, { cwd: directory, stdio: 'pipe' });
  try {
    openssl(
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-keyout',
      'key.pem',
      '-out',
      'cert.pem',
      '-days',
      '1',
      '-subj',
      '/',
      '-addext',
      'subjectAltName=URI:spiffe://cluster.local/ns/default/sa/bookinfo-productpage',
    );
    const read = (file: string) => readFileSync(join(directory, file), 'utf8');
    return { key: read('key.pem'), cert: read('cert.pem') };
  } finally {
    rmSync(directory, { recursive: true });
  }
}
