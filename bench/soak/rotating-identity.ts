// The identities of two sidecars as secrets in files (SDS from a path), which another certificate takes the place of.
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createAuthority, type KeyPair } from '../support/certificates.ts';

const SECRET = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret';
/** Different certificates for each name, in turn. */
const PAIRS = 6;

export const PEERS = {
  client: 'spiffe://soak.local/ns/soak/sa/client',
  server: 'spiffe://soak.local/ns/soak/sa/server',
} as const;

export type PeerName = keyof typeof PEERS;

export class RotatingIdentity {
  rotations = 0;
  readonly #directory: string;
  readonly #root: string;
  readonly #pairs: Record<PeerName, readonly KeyPair[]>;

  constructor(directory: string) {
    this.#directory = directory;
    const authority = createAuthority(directory);
    this.#root = authority.root;
    const issue = (name: PeerName) =>
      Array.from({ length: PAIRS }, (_, turn) => authority.issue(`${name}-${turn}`, PEERS[name]));
    this.#pairs = { client: issue('client'), server: issue('server') };
    this.rotate();
    this.#write('root', { validation_context: { trusted_ca: { inline_string: this.#root } } });
  }

  /** Gives both sidecars their next certificate. */
  rotate(): void {
    const turn = this.rotations++ % PAIRS;
    for (const name of Object.keys(PEERS) as PeerName[]) {
      const { certificate, key } = this.#pairs[name][turn]!;
      const pair = { certificate_chain: { inline_string: certificate }, private_key: { inline_string: key } };
      this.#write(name, { tls_certificate: pair });
    }
  }

  /** `common_tls_context` of a sidecar: its own certificate, and its peer's name. */
  tlsContext(own: PeerName, peer: PeerName): object {
    const names = [{ san_type: 'URI', matcher: { exact: PEERS[peer] } }];
    return {
      tls_certificate_sds_secret_configs: [{ name: own, sds_config: this.#source(own) }],
      combined_validation_context: {
        default_validation_context: { match_typed_subject_alt_names: names },
        validation_context_sds_secret_config: { name: 'root', sds_config: this.#source('root') },
      },
    };
  }

  #source(name: string): object {
    return { resource_api_version: 'V3', path_config_source: { path: join(this.#directory, `${name}.secret.json`) } };
  }

  #write(name: string, secret: object): void {
    const file = join(this.#directory, `${name}.secret.json`);
    const response = {
      version_info: String(this.rotations),
      resources: [{ '@type': SECRET, name, ...secret }],
    };
    writeFileSync(`${file}.next`, JSON.stringify(response));
    renameSync(`${file}.next`, file);
  }
}
