// Starts a sidecar under a control plane, weighs it from time to time, and drains it.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ProbeAnswer } from './probe.ts';

const PROXY = fileURLToPath(import.meta.resolve('../../bin/proxy.ts'));
const PROBE = import.meta.resolve('./probe.ts');
/** Connections of a listener that was replaced live so long: what Istio gives them. */
export const DRAIN_SECONDS = 45;
/** For ending after the drain. */
const GRACE_SECONDS = 10;
const PROBE_DEADLINE_MS = 20_000;

export interface Sample {
  /** Since the start of the run. */
  readonly seconds: number;
  /** MiB; the heap after a collection. */
  readonly rss: number;
  readonly heap: number;
  readonly external: number;
  readonly files: number;
  readonly timers: number;
}

export interface SidecarStart {
  readonly name: string;
  readonly directory: string;
  readonly controlPort: number;
}

export class Sidecar {
  readonly name: string;
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;

  private constructor(name: string, child: ChildProcess) {
    this.name = name;
    this.#child = child;
    this.#exited = once(child, 'exit');
  }

  /** Resolves when the initial configuration is applied. Its log goes to the directory. */
  static async start({ name, directory, controlPort }: SidecarStart): Promise<Sidecar> {
    const file = join(directory, `${name}.json`);
    writeFileSync(file, JSON.stringify(bootstrap(name, controlPort)));
    // At once: by chance, as is usual, a connection may hear of it only when its time is up.
    const drain = ['--drain-time-s', String(DRAIN_SECONDS), '--drain-strategy', 'immediate'];
    const args = ['-c', file, '-l', 'warn', '--concurrency', '1', ...drain];
    const child = spawn(
      process.execPath,
      ['--max-semi-space-size=4', '--expose-gc', '--import', PROBE, PROXY, ...args],
      { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] },
    );
    const log = createWriteStream(join(directory, `${name}.log`));
    child.stdout!.pipe(log, { end: false });
    child.stderr!.pipe(log, { end: false });
    const sidecar = new Sidecar(name, child);
    const ended = sidecar.#exited.then(() => Promise.reject(new Error(`${name} ended; ${directory}/${name}.log`)));
    await Promise.race([once(child, 'message'), ended]);
    ended.catch(() => {});
    return sidecar;
  }

  get alive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  async sample(seconds: number): Promise<Sample> {
    const answer = await this.#probe();
    const pid = this.#child.pid!;
    const kilobytes = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return {
      seconds,
      rss: Number(kilobytes) / 1024,
      heap: answer.heap / 2 ** 20,
      external: answer.external / 2 ** 20,
      files: readdirSync(`/proc/${pid}/fd`).length,
      timers: (answer.resources['Timeout'] ?? 0) + (answer.resources['Immediate'] ?? 0),
    };
  }

  /** SIGTERM, and waits; kills what is there some time after the drain. Answers whether it ended by itself with 0. */
  async stop(): Promise<boolean> {
    if (!this.alive) return false;
    this.#child.kill('SIGTERM');
    const force = setTimeout(() => this.#child.kill('SIGKILL'), (DRAIN_SECONDS + GRACE_SECONDS) * 1000);
    await this.#exited;
    clearTimeout(force);
    return this.#child.exitCode === 0;
  }

  #probe(): Promise<ProbeAnswer> {
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`${this.name} does not answer`)), PROBE_DEADLINE_MS);
      const heard = (message: { probe?: ProbeAnswer }) => {
        if (!message.probe) return;
        clearTimeout(late);
        this.#child.off('message', heard);
        resolve(message.probe);
      };
      this.#child.on('message', heard);
      this.#child.send('probe');
    });
  }
}

function bootstrap(name: string, controlPort: number): object {
  const address = { socket_address: { address: '127.0.0.1', port_value: controlPort } };
  const http = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';
  const http2 = { explicit_http_config: { http2_protocol_options: {} } };
  return {
    node: { id: name, cluster: 'soak' },
    admin: { address: { socket_address: { address: '127.0.0.1', port_value: 0 } } },
    dynamic_resources: {
      cds_config: { ads: {}, resource_api_version: 'V3' },
      lds_config: { ads: {}, resource_api_version: 'V3' },
      ads_config: {
        api_type: 'GRPC',
        transport_api_version: 'V3',
        grpc_services: [{ envoy_grpc: { cluster_name: 'control-plane' } }],
      },
    },
    static_resources: {
      clusters: [
        {
          name: 'control-plane',
          type: 'STATIC',
          connect_timeout: '1s',
          load_assignment: {
            cluster_name: 'control-plane',
            endpoints: [{ lb_endpoints: [{ endpoint: { address } }] }],
          },
          typed_extension_protocol_options: { [http]: { '@type': `type.googleapis.com/${http}`, ...http2 } },
        },
      ],
    },
  };
}
