// A key and certificate for each ServiceAccount, in a Secret `istio.NAME` that pods mount at /etc/certs, as Istio 0.1 to 1.0 have it.
import type { Clock, Dice, Logger, Timer } from '@meltemi/base';

import { ACCOUNT_SECRET, type AccountKeys, type AccountSecret, accountSecret, secretBody } from './account-secret.ts';
import type { KubeClient } from './kube-client.ts';
import { type KubeObject, objectKey } from './kube-object.ts';
import { LEFT_ALONE } from './left-alone.ts';
import { Reconciler } from './reconciler.ts';
import { ReflectedMap } from './reflected-map.ts';
import { Reflector, type ReflectorTarget } from './reflector.ts';

export interface Account {
  readonly namespace: string;
  readonly name: string;
}

export interface AccountSecretsOptions {
  readonly client: KubeClient;
  /** The one namespace whose accounts get secrets; all but Kubernetes' own by default. */
  readonly namespace?: string;
  readonly issue: (account: Account) => Promise<AccountKeys>;
  /** When the keys are to be others, in milliseconds since the epoch; 0: at once. */
  readonly renewAt: (account: Account, keys: AccountKeys) => number;
  /** Only one process of many writes. */
  readonly leads: () => boolean;
  readonly clock: Clock;
  readonly dice: Dice;
  readonly logger: Logger;
}

/** Requests under way at once; keys are made meanwhile. */
const MOST = 4;
/** Timers of Node hold no more than 2^31-1 ms. */
const MAX_WAIT_MS = 2 ** 31 - 1;

/** Keeps them right until it is closed: made, renewed before their end, made again where somebody changed them, gone with their account. */
export class AccountSecrets {
  readonly #options: AccountSecretsOptions;
  readonly #accounts: ReflectedMap<KubeObject>;
  readonly #secrets: ReflectedMap<AccountSecret>;
  readonly #reflectors: readonly { close(): void; readonly synced: Promise<void> }[];
  readonly #reconciler: Reconciler;
  #timer: Timer | undefined;
  #closed = false;

  constructor(options: AccountSecretsOptions) {
    this.#options = options;
    const { clock, dice } = options;
    const changed = () => this.refresh();
    this.#accounts = new ReflectedMap(objectKey, changed);
    this.#secrets = new ReflectedMap(({ account, place }) => `${place}/${account}`, changed);
    const type = { fieldSelector: `type=${ACCOUNT_SECRET}` };
    this.#reflectors = [
      this.#reflect('serviceaccounts', {}, ({ metadata }) => ({ metadata }), this.#accounts),
      this.#reflect('secrets', type, accountSecret, this.#secrets),
    ];
    const synced = Promise.all(this.#reflectors.map((reflector) => reflector.synced));
    this.#reconciler = new Reconciler({ synced, pass: () => this.#writeAll(), clock, dice });
  }

  /** To be called when the roots are others, and when this process came to lead. */
  refresh(): void {
    this.#reconciler.refresh();
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    this.#reconciler.close();
    for (const reflector of this.#reflectors) reflector.close();
  }

  #reflect<Item>(
    plural: string,
    query: Readonly<Record<string, string>>,
    keep: (object: KubeObject) => Item,
    target: ReflectorTarget<Item>,
  ) {
    const { client, clock, dice, logger, namespace } = this.#options;
    const path = namespace === undefined ? `/api/v1/${plural}` : collection(namespace, plural);
    return new Reflector({ client, clock, dice, logger, path, query, keep, target });
  }

  async #writeAll(): Promise<boolean> {
    if (!this.#options.leads()) return true;
    this.#timer?.cancel();
    const accounts = [...this.#accounts.items.values()].filter(isServed).map(accountOf);
    const steps = [...this.#removals(), ...accounts.flatMap((account) => this.#due(account))];
    let good = true;
    const work = async (): Promise<void> => {
      for (let next = steps.pop(); next && !this.#closed; next = steps.pop()) if (!(await next())) good = false;
    };
    await Promise.all(Array.from({ length: MOST }, work));
    this.#wakeFor(accounts);
    return good;
  }

  /** Secrets whose account is gone. */
  #removals() {
    const orphans = [...this.#secrets.items].filter(([key, { keys }]) => keys && !this.#accounts.items.has(key));
    return orphans.map(([, { place: namespace, account: name, uid }]) => () => {
      const path = `${collection(namespace, 'secrets')}/istio.${name}`;
      return this.#ask(`${namespace}/istio.${name}`, async (client) => {
        await client.request({ method: 'DELETE', path, body: { preconditions: { uid } } });
      });
    });
  }

  #due(account: Account) {
    return this.#renewAt(account) > this.#options.clock.now() ? [] : [() => this.#write(account)];
  }

  #renewAt(account: Account): number {
    const keys = this.#secrets.items.get(`${account.namespace}/${account.name}`)?.keys;
    return keys ? this.#options.renewAt(account, keys) : 0;
  }

  #write(account: Account): Promise<boolean> {
    const { namespace, name } = account;
    const path = collection(namespace, 'secrets');
    const known = this.#secrets.items.get(`${namespace}/${name}`);
    return this.#ask(`${namespace}/istio.${name}`, async (client) => {
      const body = secretBody(name, await this.#options.issue(account));
      const written = known
        ? await client.request({ method: 'PATCH', path: `${path}/istio.${name}`, body })
        : await client.request({ method: 'POST', path, body });
      this.#secrets.keep(accountSecret(written as KubeObject));
    });
  }

  /** What fails is tried again after a while. */
  async #ask(what: string, step: (client: KubeClient) => Promise<void>): Promise<boolean> {
    const { client, logger } = this.#options;
    try {
      await step(client);
      return true;
    } catch (error) {
      logger.warn(`secret ${what}: ${(error as Error).message}`);
      return false;
    }
  }

  #wakeFor(accounts: readonly Account[]): void {
    const { clock } = this.#options;
    const next = accounts.reduce((soonest, account) => Math.min(soonest, this.#renewAt(account)), Infinity);
    if (this.#closed || next === Infinity) return;
    const waitMs = Math.min(Math.max(next - clock.now(), 0), MAX_WAIT_MS);
    if (next > 0) this.#timer = clock.after(waitMs, () => this.refresh());
  }
}

function isServed({ metadata }: KubeObject): boolean {
  return metadata['deletionTimestamp'] === undefined && !LEFT_ALONE.has(metadata.namespace ?? '');
}

function accountOf({ metadata: { namespace = '', name } }: KubeObject): Account {
  return { namespace, name };
}

function collection(namespace: string, plural: string): string {
  return `/api/v1/namespaces/${namespace}/${plural}`;
}
