// The mesh's root, in a ConfigMap of each namespace: what pods verify the control plane by before they know anything else.
import type { Clock, Dice, Logger } from '@meltemi/base';

import { isRecord } from '../document.ts';
import type { KubeClient } from './kube-client.ts';
import type { KubeObject } from './kube-object.ts';
import type { KubeStore } from './kube-store.ts';
import { LEFT_ALONE } from './left-alone.ts';
import { Reconciler } from './reconciler.ts';
import { ReflectedMap } from './reflected-map.ts';
import { Reflector } from './reflector.ts';

export interface RootConfigMapsOptions {
  readonly client: KubeClient;
  /** Says which namespaces there are. */
  readonly store: KubeStore;
  /** PEM, as it is now. */
  readonly roots: () => string;
  readonly clock: Clock;
  readonly dice: Dice;
  readonly logger: Logger;
}

/** The name and the key under which pods mount it. */
export const ROOT_CONFIG_MAP = 'istio-ca-root-cert';
const KEY = 'root-cert.pem';
const ALL = '/api/v1/configmaps';

interface RootMap {
  readonly namespace: string;
  readonly pem: string;
}

/** Keeps them right until it is closed: new namespaces get one, and one that somebody changed or deleted comes back. */
export class RootConfigMaps {
  readonly #options: RootConfigMapsOptions;
  readonly #known: ReflectedMap<RootMap>;
  readonly #reflector: Reflector<RootMap>;
  readonly #watch: { close(): void };
  readonly #reconciler: Reconciler;

  constructor(options: RootConfigMapsOptions) {
    this.#options = options;
    const { client, store, clock, dice, logger } = options;
    this.#known = new ReflectedMap(
      ({ namespace }) => namespace,
      () => this.refresh(),
    );
    this.#reflector = new Reflector<RootMap>({
      client,
      clock,
      dice,
      logger,
      path: ALL,
      query: { fieldSelector: `metadata.name=${ROOT_CONFIG_MAP}` },
      keep: rootMap,
      target: this.#known,
    });
    const pass = () => this.#writeAll();
    this.#reconciler = new Reconciler({ synced: this.#reflector.synced, pass, clock, dice });
    this.#watch = store.watch(() => this.refresh());
  }

  /** To be called when the roots are others. */
  refresh(): void {
    this.#reconciler.refresh();
  }

  close(): void {
    this.#reconciler.close();
    this.#watch.close();
    this.#reflector.close();
  }

  /** What fails is tried again after a while: a namespace that is ending refuses until it is gone. */
  async #writeAll(): Promise<boolean> {
    const roots = this.#options.roots();
    const namespaces = this.#options.store.view().objects('Namespace');
    const wrong = namespaces
      .map(({ metadata }) => metadata.name)
      .filter((name) => this.#known.items.get(name)?.pem !== roots);
    const written = await Promise.all(wrong.filter((name) => !LEFT_ALONE.has(name)).map((name) => this.#write(name)));
    return !written.includes(false);
  }

  async #write(namespace: string): Promise<boolean> {
    const { client, roots, logger } = this.#options;
    const pem = roots();
    const collection = `/api/v1/namespaces/${namespace}/configmaps`;
    const body = { metadata: { name: ROOT_CONFIG_MAP, labels: { 'istio.io/config': 'true' } }, data: { [KEY]: pem } };
    try {
      await (this.#known.items.has(namespace)
        ? client.request({ method: 'PATCH', path: `${collection}/${ROOT_CONFIG_MAP}`, body })
        : client.request({ method: 'POST', path: collection, body }));
      this.#known.keep({ namespace, pem });
      return true;
    } catch (error) {
      logger.warn(`root certificate of namespace ${namespace}: ${(error as Error).message}`);
      return false;
    }
  }
}

function rootMap({ metadata, data }: KubeObject): RootMap {
  const pem = isRecord(data) ? data[KEY] : undefined;
  return { namespace: metadata.namespace ?? '', pem: typeof pem === 'string' ? pem : '' };
}
