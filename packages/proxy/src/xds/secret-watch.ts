// Gives the secrets that TLS names: those of the bootstrap, and those that a source serves and rotates.
import type { Bootstrap } from '@meltemi/api/envoy/config/bootstrap/v3/bootstrap_pb';
import type { DataSource } from '@meltemi/api/envoy/config/core/v3/base_pb';
import type { Secret } from '@meltemi/api/envoy/extensions/transport_sockets/tls/v3/secret_pb';
import type { Logger } from '@meltemi/base';
import type { StatsStore } from '@meltemi/telemetry';
import type { WatchSecret } from '../tls/tls-material.ts';
import { subscriptionStats } from './subscription-stats.ts';
import type { TextReadouts } from './text-readouts.ts';
import { watchFile, type WatchedFile } from './watched-file.ts';
import type { XdsClients } from './xds-clients.ts';

export interface SecretWatchParts {
  readonly bootstrap: Bootstrap;
  readonly xds: XdsClients;
  readonly stats: StatsStore;
  readonly readouts: TextReadouts;
  readonly logger: Logger;
}

export function secretWatch(parts: SecretWatchParts): WatchSecret {
  const { bootstrap, xds, stats, readouts, logger } = parts;
  const secrets = new Map((bootstrap.staticResources?.secrets ?? []).map((secret) => [secret.name, secret]));
  return (config, onSecret, onMissing) => {
    const fixed = config.sdsConfig ? undefined : secrets.get(config.name);
    if (fixed) {
      const refusal = onSecret(fixed);
      if (refusal !== undefined) throw new TypeError(refusal);
      return { close: () => {} };
    }
    const scope = stats.scope('sds').scope(config.name);
    const files = new SecretFiles((message) => logger.warn(`secret ${config.name}: ${message}`));
    const watch = xds.forConfigSource(config.sdsConfig).watch('SDS', config.name, {
      onResource(secret) {
        const message = onSecret(secret);
        if (message === undefined) files.follow(secret, () => onSecret(secret));
        return message === undefined ? undefined : { name: config.name, message };
      },
      onMissing: () => onMissing?.(),
      stats: subscriptionStats(scope, `sds.${config.name}`, readouts),
    });
    return {
      close() {
        watch.close();
        files.close();
        scope.close();
        readouts.delete(`sds.${config.name}.version_text`);
      },
    };
  };
}

/** The files that a secret names: when others take their places, the secret is read again. */
class SecretFiles {
  readonly #warn: (message: string) => void;
  #watches: { close(): void }[] = [];

  constructor(warn: (message: string) => void) {
    this.#warn = warn;
  }

  /** `reread` answers why it refuses what the files have now, or undefined. */
  follow(secret: Secret, reread: () => string | undefined): void {
    this.close();
    const changed = () => {
      const refusal = reread();
      if (refusal !== undefined) this.#warn(`${refusal}; the last good one stays`);
    };
    for (const file of secretFiles(secret)) this.#follow(file, changed);
  }

  close(): void {
    for (const watch of this.#watches) watch.close();
    this.#watches = [];
  }

  #follow(file: WatchedFile, changed: () => void): void {
    try {
      this.#watches.push(watchFile(file, changed));
    } catch (error) {
      this.#warn(`${file.path} can't be watched: ${(error as Error).message}`);
    }
  }
}

function secretFiles(secret: Secret): readonly WatchedFile[] {
  switch (secret.type.case) {
    case 'tlsCertificate': {
      const { certificateChain, privateKey, watchedDirectory } = secret.type.value;
      return [certificateChain, privateKey].flatMap((source) => watchedFile(source, watchedDirectory?.path));
    }
    case 'validationContext': {
      const { trustedCa, crl, watchedDirectory } = secret.type.value;
      return [trustedCa, crl].flatMap((source) => watchedFile(source, watchedDirectory?.path));
    }
    default:
      return [];
  }
}

function watchedFile(source: DataSource | undefined, directory: string | undefined): readonly WatchedFile[] {
  if (source?.specifier.case !== 'filename') return [];
  const own = directory ?? source.watchedDirectory?.path;
  return [{ path: source.specifier.value, ...(own !== undefined && { directory: own }) }];
}
