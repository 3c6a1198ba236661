import assert from 'node:assert/strict';
import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { Metadata, type ServiceError } from '@grpc/grpc-js';
import {
  type IstioCertificateRequest,
  IstioCertificateRequestSchema,
  type IstioCertificateResponse,
  IstioCertificateService,
} from '@meltemi/api/istio/v1/auth/ca_pb';
import { createLogger, ManualClock, silentLogger } from '@meltemi/base';
import { grpcClient, grpcService, serveGrpc } from '@meltemi/rpc';
import { exportJWK, SignJWT } from 'jose';
import { openCertificateAuthority } from './certificate-authority.ts';
import { certificateRequest } from './certificate-request.ts';
import { certificateService } from './certificate-service.ts';
import { IssuanceLog } from './issuance-log.ts';
import { keepServerCertificate } from './server-certificate.ts';
import { tokenAttestor } from './token-attestor.ts';

const uri = 'spiffe://cluster.local/ns/default/sa/reviews';
const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const tokenKeys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const jwks = JSON.stringify({ keys: [await exportJWK(tokenKeys.publicKey)] });
const token = await new SignJWT({ sub: 'system:serviceaccount:default:reviews' })
  .setProtectedHeader({ alg: 'ES256' })
  .setIssuer('mesh.meltemi.io')
  .setAudience('istio-ca')
  .setExpirationTime('1h')
  .sign(tokenKeys.privateKey);

/** A CA behind TLS with its own serving certificate, and a way to call it. */
async function serve(t: TestContext) {
  const directory = await mkdtemp(join(tmpdir(), 'meltemi-service-'));
  const clock = new ManualClock(Date.now());
  const lines: string[] = [];
  const logger = createLogger({ level: 'info', write: (line) => lines.push(line), now: () => 0 });
  const authority = await openCertificateAuthority({ directory, trustDomain: 'cluster.local', clock });
  const attestor = tokenAttestor({ jwks, issuer: 'mesh.meltemi.io', trustDomain: 'cluster.local', clock });
  const issuance = new IssuanceLog(directory, clock);
  const names = ['istiod.istio-system.svc', 'localhost', '127.0.0.1'];
  const serving = await keepServerCertificate({ authority, names, clock, logger: silentLogger });
  const server = await serveGrpc({
    address: { host: '127.0.0.1', port: 0 },
    tls: serving.current,
    services: [certificateService({ authority, attestor, logger, clock, log: issuance })],
  });
  const address = { host: '127.0.0.1', port: server.port };
  const tls = { roots: authority.roots, serverName: 'istiod.istio-system.svc' };
  const client = grpcClient(grpcService(IstioCertificateService), address, tls);
  t.after(async () => {
    client.close();
    serving.close();
    await server.close(100);
    issuance.close();
    await rm(directory, { recursive: true });
  });
  const ask = (request: MessageInitShape<typeof IstioCertificateRequestSchema>, authorization?: string) => {
    const metadata = new Metadata();
    if (authorization) metadata.set('authorization', authorization);
    return new Promise<IstioCertificateResponse>((resolve, reject) => {
      const call = client['CreateCertificate'] as unknown as (
        request: IstioCertificateRequest,
        metadata: Metadata,
        done: (error: ServiceError | null, response: IstioCertificateResponse) => void,
      ) => void;
      call.call(client, create(IstioCertificateRequestSchema, request), metadata, (error, response) =>
        error ? reject(error) : resolve(response),
      );
    });
  };
  return { ask, authority, lines, clock };
}

const bearer = `Bearer ${token}`;
const csr = certificateRequest({ ...keys, uri });

test('a caller gets a certificate for its own identity and key, and the audit says so', async (t) => {
  const { ask, authority, lines } = await serve(t);
  const { certChain } = await ask({ csr, validityDuration: 600n }, bearer);
  const leaf = new X509Certificate(certChain[0]!);
  assert.equal(leaf.subjectAltName, `URI:${uri}`);
  assert.ok(leaf.publicKey.equals(keys.publicKey));
  assert.deepEqual(certChain.slice(1), [authority.roots]);
  assert.match(lines.join(''), new RegExp(`info\tca\tissued ${uri} serial [0-9a-f]{34} until 20`));
});

test('names in the request are not read: the caller gets its own identity', async (t) => {
  const { ask } = await serve(t);
  const wish = certificateRequest({ ...keys, uri: 'spiffe://cluster.local/ns/kube-system/sa/admin' });
  const { certChain } = await ask({ csr: wish }, bearer);
  assert.equal(new X509Certificate(certChain[0]!).subjectAltName, `URI:${uri}`);
});

test('from localhost without a token, or with a bad one: not authenticated', async (t) => {
  const { ask, lines } = await serve(t);
  for (const authorization of [undefined, 'Bearer x', `${bearer}x`, 'Bearer ']) {
    await assert.rejects(ask({ csr }, authorization), { code: 16, details: 'not authenticated' });
  }
  assert.equal(lines.filter((line) => line.includes('warn\tca\trefused a caller at ')).length, 4);
  assert.ok(!lines.join('').includes(token));
});

test('bad requests and lifetimes are refused with one opaque text', async (t) => {
  const { ask } = await serve(t);
  for (const request of [{ csr: 'x' }, { csr, validityDuration: -1n }, { csr, validityDuration: 3_153_600_000n }]) {
    await assert.rejects(ask(request, bearer), { code: 3, details: 'the request cannot be signed' });
  }
});

test('nobody speaks for another', async (t) => {
  const { ask } = await serve(t);
  await assert.rejects(ask({ csr, metadata: { ImpersonatedIdentity: uri } }, bearer), {
    code: 7,
    details: 'not allowed',
  });
});

test('the serving certificate is renewed at half of its life', async (t) => {
  const { authority, clock } = await serve(t);
  const { promise: renewed, resolve } = Promise.withResolvers<string>();
  const serving = await keepServerCertificate({
    authority,
    names: ['localhost'],
    clock,
    logger: silentLogger,
    ttlMs: 3_600_000,
    onRenewed: (pair) => resolve(pair.certificateChain),
  });
  t.after(() => serving.close());
  const first = serving.current.certificateChain;
  clock.advance(1_800_000);
  assert.notEqual(await renewed, first);
  assert.equal(serving.current.certificateChain, await renewed);
});
