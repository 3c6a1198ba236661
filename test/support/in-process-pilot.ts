// Our control plane within the test's own process: a directory of YAML in, ADS out.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Problem, silentLogger, systemClock } from '@meltemi/base';
import { DirectoryStore } from '@meltemi/config';
import { DEFAULT_MESH, DiscoveryServer, meshSettings } from '@meltemi/discovery';
import { RegistryStore } from '@meltemi/registry';
import { serveGrpc } from '@meltemi/rpc';
import { YamlFolder } from '@meltemi/testkit';

export class InProcessPilot {
  /** Of ADS in plaintext. */
  readonly port: number;
  readonly server: DiscoveryServer;
  readonly #folder: YamlFolder;
  readonly #close: () => Promise<void>;

  private constructor(port: number, directory: string, server: DiscoveryServer, close: () => Promise<void>) {
    this.port = port;
    this.server = server;
    this.#folder = new YamlFolder(directory);
    this.#close = close;
  }

  /** Rejects when the mesh configuration has problems. */
  static async start(meshConfig: object): Promise<InProcessPilot> {
    const directory = mkdtempSync(join(tmpdir(), 'meltemi-pilot-'));
    const logger = silentLogger;
    const clock = systemClock();
    const config = await DirectoryStore.open({ directories: [directory], clock, logger });
    const registry = new RegistryStore({ config, domain: DEFAULT_MESH.domain });
    const { mesh, problems } = meshSettings(meshConfig);
    if (problems.some(({ severity }) => severity === 'error'))
      throw new Error(problems.map(({ message }) => message).join('\n'));
    const server = new DiscoveryServer({ config, registry, mesh, clock, logger });
    const running = await serveGrpc({ address: { host: '127.0.0.1', port: 0 }, services: [server.service(undefined)] });
    return new InProcessPilot(running.port, directory, server, async () => {
      server.close();
      await running.close(0);
      registry.close();
      await config.close();
      rmSync(directory, { recursive: true });
    });
  }

  /** Writes a file of objects (YAML or JSON) that it reads at once; `name` is the file's. */
  apply(name: string, text: string): void {
    this.#folder.apply(name, text);
  }

  /** What it refuses of the configuration, or cannot make of it. */
  problems(): readonly Problem[] {
    return this.server.problems().filter(({ severity }) => severity === 'error');
  }

  async close(): Promise<void> {
    await this.#close();
  }
}
