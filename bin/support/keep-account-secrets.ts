// Keeps the Secrets of ServiceAccounts in a cluster, by an authority; of many processes one does, the one that holds the lease.
import { randomUUID } from 'node:crypto';
import { type Clock, type Logger, systemDice } from '@meltemi/base';
import { AccountSecrets, type KubeClient, LeaderLease } from '@meltemi/config';
import { accountKeys, accountKeysEnd, type CertificateAuthority, type IssuanceLog } from '@meltemi/identity';

export interface KeptAccountSecrets {
  readonly client: KubeClient;
  readonly authority: CertificateAuthority;
  readonly log: IssuanceLog;
  readonly ttlMs: number;
  /** Where the lease is, and the mesh's own accounts. */
  readonly meshNamespace: string;
  /** The one whose accounts get secrets; undefined: all. */
  readonly namespace: string | undefined;
  /** No two processes say the same; undefined: chosen here. */
  readonly identity: string | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Answers what ends it, and gives the lease back. */
export function keepAccountSecrets(options: KeptAccountSecrets): () => Promise<void> {
  const { client, authority, namespace, meshNamespace, clock } = options;
  const logger = options.logger.named('secrets');
  const dice = systemDice();
  const lease = new LeaderLease({
    client,
    namespace: meshNamespace,
    name: 'istio-ca-secrets-leader',
    identity: options.identity ?? `istio-ca-${randomUUID()}`,
    clock,
    dice,
    logger,
    onChange: () => secrets.refresh(),
  });
  const secrets: AccountSecrets = new AccountSecrets({
    client,
    ...(namespace !== undefined && { namespace }),
    issue: (account) => accountKeys(options, account),
    renewAt: (account, keys) => accountKeysEnd(options, account, keys),
    leads: () => lease.leads,
    clock,
    dice,
    logger,
  });
  const stopWatch = authority.watch(() => secrets.refresh());
  return async () => {
    stopWatch();
    secrets.close();
    await lease.close();
  };
}
