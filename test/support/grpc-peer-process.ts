// Starts programs with a gRPC library that is its own proxy, and has them call and serve.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export interface PeerCall {
  readonly do: 'call';
  readonly target: string;
  /** Takes the TLS that the mesh asks for; otherwise it stays in plaintext. */
  readonly secure: boolean;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly count: number;
}

export interface PeerServing {
  readonly do: 'serve';
  readonly address: string;
  /** What it answers. */
  readonly name: string;
  readonly secure: boolean;
}

export type PeerWish = (PeerCall | PeerServing) & { readonly id: number };

export interface PeerReply {
  /** gRPC's status. */
  readonly code: number;
  readonly body: string;
}

export interface PeerAnswer {
  readonly id: number;
  readonly replies?: readonly PeerReply[];
  readonly error?: string;
}

export interface PeerOptions {
  /** What runs a peer. */
  readonly command: readonly [string, ...string[]];
  /** Of ADS in plaintext. */
  readonly pilotPort: number;
  readonly name: string;
  readonly address: string;
  readonly labels: Readonly<Record<string, string>>;
  /** PEM. */
  readonly certificate: string;
  readonly privateKey: string;
  readonly roots: string;
}

export class GrpcPeer {
  readonly #child: ChildProcess;
  readonly #directory: string;
  readonly #waiting = new Map<number, (answer: PeerAnswer) => void>();
  readonly #exited: Promise<unknown>;
  #wishes = 0;

  constructor(options: PeerOptions) {
    this.#directory = mkdtempSync(join(tmpdir(), 'meltemi-peer-'));
    const bootstrap = join(this.#directory, 'bootstrap.json');
    writeFileSync(bootstrap, JSON.stringify(this.#bootstrap(options)));
    const [program, ...args] = options.command;
    // grpc-js has authorization only when it is asked for.
    const extras = { GRPC_XDS_EXPERIMENTAL_RBAC: 'true', GRPC_VERBOSITY: 'NONE' };
    const env = { ...process.env, ...extras, GRPC_XDS_BOOTSTRAP: bootstrap };
    this.#child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'], env });
    this.#exited = once(this.#child, 'exit').then(() => this.#failAll());
    createInterface({ input: this.#child.stdout! }).on('line', (line) => this.#take(JSON.parse(line) as PeerAnswer));
  }

  async serve(address: string, name: string): Promise<void> {
    await this.#ask({ do: 'serve', address, name, secure: true });
  }

  async call(target: string, call: Partial<Omit<PeerCall, 'do' | 'target'>> = {}): Promise<readonly PeerReply[]> {
    const wish = { secure: true, body: 'hello', headers: {}, count: 1, ...call };
    return (await this.#ask({ do: 'call', target, ...wish })).replies!;
  }

  async stop(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#exited;
    rmSync(this.#directory, { recursive: true });
  }

  async #ask(wish: PeerCall | PeerServing): Promise<PeerAnswer> {
    const id = ++this.#wishes;
    const answer = await new Promise<PeerAnswer>((resolve) => {
      this.#waiting.set(id, resolve);
      this.#child.stdin!.write(`${JSON.stringify({ ...wish, id })}\n`);
    });
    if (answer.error !== undefined) throw new Error(answer.error);
    return answer;
  }

  #take(answer: PeerAnswer): void {
    this.#waiting.get(answer.id)?.(answer);
    this.#waiting.delete(answer.id);
  }

  #failAll(): void {
    for (const [id, take] of this.#waiting) take({ id, error: 'the peer has ended' });
  }

  /** As pilot-agent writes it for a library. */
  #bootstrap({ pilotPort, name, address, labels, ...pems }: PeerOptions): object {
    const file = (title: string, text: string) => {
      const path = join(this.#directory, title);
      writeFileSync(path, text);
      return path;
    };
    return {
      xds_servers: [
        {
          server_uri: `127.0.0.1:${pilotPort}`,
          channel_creds: [{ type: 'insecure' }],
          server_features: ['xds_v3'],
        },
      ],
      node: {
        id: `sidecar~${address}~${name}.default~default.svc.cluster.local`,
        metadata: { GENERATOR: 'grpc', NAMESPACE: 'default', LABELS: labels },
        locality: {},
      },
      certificate_providers: {
        default: {
          plugin_name: 'file_watcher',
          config: {
            certificate_file: file('cert-chain.pem', pems.certificate),
            private_key_file: file('key.pem', pems.privateKey),
            ca_certificate_file: file('root-cert.pem', pems.roots),
            refresh_interval: '900s',
          },
        },
      },
      server_listener_resource_name_template: 'xds.istio.io/grpc/lds/inbound/%s',
    };
  }
}
