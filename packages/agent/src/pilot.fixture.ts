// A Pilot for tests: a real certificate authority and an ADS server scripted by the test, behind TLS.
import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger, systemClock } from '@meltemi/base';
import {
  type CertificateAuthority,
  certificateAttestor,
  certificateService,
  firstAttestor,
  IssuanceLog,
  joinTokenAttestor,
  keepServerCertificate,
  openCertificateAuthority,
  tokenAttestor,
  trustService,
} from '@meltemi/identity';
import { type GrpcCall, serveGrpc } from '@meltemi/rpc';
import { exportJWK, SignJWT } from 'jose';
import { ADS_DEFINITION } from './ads-definition.ts';

export type AdsStream = GrpcCall<Buffer, Buffer>;

export interface TestPilot {
  readonly address: { readonly host: string; readonly port: number };
  readonly name: string;
  readonly directory: string;
  readonly rootsFile: string;
  readonly tokenFile: string;
  readonly authority: CertificateAuthority;
  close(): Promise<void>;
}

const CLUSTER = 'cluster.local';
const NAME = 'istiod.istio-system.svc';

/** Its token file is for service account `reviews` in namespace `default`. */
export async function startPilot(onAds: (stream: AdsStream) => void = () => {}): Promise<TestPilot> {
  const directory = await mkdtemp(join(tmpdir(), 'mesh-pilot-'));
  const clock = systemClock();
  const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const jwks = JSON.stringify({ keys: [await exportJWK(keys.publicKey)] });
  const authority = await openCertificateAuthority({ directory: join(directory, 'ca'), trustDomain: CLUSTER, clock });
  const attestor = firstAttestor([
    joinTokenAttestor({ directory: join(directory, 'ca'), clock }),
    tokenAttestor({ jwks, issuer: 'mesh.meltemi.io', trustDomain: CLUSTER, clock }),
    certificateAttestor({ authority, clock }),
  ]);
  const log = new IssuanceLog(join(directory, 'ca'), clock);
  const serving = await keepServerCertificate({ authority, names: [NAME], clock, logger: silentLogger });
  const ads = { StreamAggregatedResources: onAds, DeltaAggregatedResources: onAds };
  const server = await serveGrpc({
    address: { host: '127.0.0.1', port: 0 },
    tls: { ...serving.current, clientRoots: authority.roots },
    services: [
      certificateService({ authority, attestor, logger: silentLogger, clock, log }),
      trustService({ authority, attestor, logger: silentLogger }),
      { definition: ADS_DEFINITION, implementation: ads },
    ],
  });
  const rootsFile = join(directory, 'roots.pem');
  const tokenFile = join(directory, 'token');
  await writeFile(rootsFile, authority.roots);
  await writeFile(tokenFile, await workloadToken(keys.privateKey));
  const close = async () => {
    serving.close();
    await server.close(0);
    log.close();
    await rm(directory, { recursive: true, force: true });
  };
  const address = { host: '127.0.0.1', port: server.port };
  return { address, name: NAME, directory, rootsFile, tokenFile, authority, close };
}

function workloadToken(key: Parameters<SignJWT['sign']>[0]): Promise<string> {
  return new SignJWT({ sub: 'system:serviceaccount:default:reviews' })
    .setProtectedHeader({ alg: 'ES256' })
    .setIssuer('mesh.meltemi.io')
    .setAudience('istio-ca')
    .setExpirationTime('1h')
    .sign(key);
}
