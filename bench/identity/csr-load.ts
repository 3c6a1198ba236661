// Asks a certificate authority for certificates, a number at a time, known by its own certificate. Argument: JSON of a CsrLoad.
import { readFileSync } from 'node:fs';
import { create } from '@bufbuild/protobuf';
import type { ServiceError } from '@grpc/grpc-js';
import {
  IstioCertificateRequestSchema,
  type IstioCertificateResponse,
  IstioCertificateService,
} from '@meltemi/api/istio/v1/auth/ca_pb';
import { grpcClient, grpcService } from '@meltemi/rpc';

export interface CsrLoad {
  readonly host: string;
  readonly port: number;
  readonly serverName: string;
  /** Files, PEM. */
  readonly roots: string;
  readonly key: string;
  readonly chain: string;
  readonly csr: string;
  readonly calls: number;
  readonly inFlight: number;
}

const load = JSON.parse(process.argv[2]!) as CsrLoad;
const read = (path: string) => readFileSync(path, 'utf8');
const client = grpcClient(
  grpcService(IstioCertificateService),
  { host: load.host, port: load.port },
  { roots: read(load.roots), key: read(load.key), certificateChain: read(load.chain), serverName: load.serverName },
);
const request = create(IstioCertificateRequestSchema, { csr: read(load.csr), validityDuration: 3600n });
let left = load.calls;
let leaf = '';
await Promise.all(Array.from({ length: load.inFlight }, askAgain));
client.close();
// What it got last: who measures looks whether it is a certificate.
process.stdout.write(leaf);

async function askAgain(): Promise<void> {
  while (left-- > 0) leaf = (await ask()).certChain[0]!;
}

function ask(): Promise<IstioCertificateResponse> {
  const method = client['CreateCertificate'] as unknown as (
    request: object,
    done: (error: ServiceError | null, response?: IstioCertificateResponse) => void,
  ) => void;
  return new Promise((resolve, reject) => {
    method.call(client, request, (error, response) => (error ? reject(error) : resolve(response!)));
  });
}
