// Opens the stores that a command line names, directories and an API server, as one.
import { type Clock, type Logger, systemDice } from '@meltemi/base';
import { DirectoryStore, JoinedStore, type KubeClient, KubeStore } from '@meltemi/config';
import type { DiscoveryCommand } from '@meltemi/discovery';
import type { WatchedStore } from '@meltemi/registry';
import { type Environment, openKubeClient } from './open-kube-client.ts';

export interface ConfigStoresOptions {
  readonly command: Pick<DiscoveryCommand, 'configDirs' | 'lastGoodDir' | 'kubernetes' | 'kubeconfig'>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly domain: string;
  readonly env: Environment;
}

export interface ConfigStores {
  readonly config: WatchedStore;
  /** Asks the API server, where there is one. */
  readonly client: KubeClient | undefined;
  readonly kubernetes: KubeStore | undefined;
  close(): Promise<void>;
}

/** Resolves when everything was read once. Istio's configuration is in directories where there are any. */
export async function openConfigStores(options: ConfigStoresOptions): Promise<ConfigStores> {
  const { command, domain } = options;
  const files = command.configDirs.length > 0 ? await openDirectories(options) : undefined;
  const client = command.kubernetes ? openKubeClient(command.kubeconfig, options.env) : undefined;
  const kubernetes = client && (await openKubernetes(client, options));
  const joined = files && kubernetes && new JoinedStore([files, kubernetes], domain);
  return {
    config: (joined ?? files ?? kubernetes)!,
    client,
    kubernetes,
    async close() {
      joined?.close();
      kubernetes?.close();
      client?.close();
      await files?.close();
    },
  };
}

function openDirectories({ command, clock, logger, domain }: ConfigStoresOptions): Promise<DirectoryStore> {
  return DirectoryStore.open({
    directories: command.configDirs,
    clock,
    logger: logger.named('config'),
    domain,
    ...(command.lastGoodDir && { lastGoodDirectory: command.lastGoodDir }),
  });
}

function openKubernetes(client: KubeClient, { command, clock, logger, domain }: ConfigStoresOptions) {
  const customResources = command.configDirs.length === 0;
  return KubeStore.open({ client, clock, dice: systemDice(), logger: logger.named('kube'), domain, customResources });
}
