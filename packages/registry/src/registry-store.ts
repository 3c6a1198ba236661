// Keeps the registry's view current while its sources change.
import type { ConfigView, Pod } from '@meltemi/config';
import { entryPlatform } from './entry-platform.ts';
import { foundEndpoints } from './endpoint-slices.ts';
import { filePlatform } from './file-platform.ts';
import { RegistryMerger } from './registry-merger.ts';
import type { PlatformView, RegistryView } from './view.ts';

/** A store whose view changes: the user's configuration, or the directory where pods are scheduled. */
export interface WatchedStore {
  view(): ConfigView;
  watch(listener: (view: ConfigView) => void): { close(): void };
}

export interface RegistrySources {
  /** Services, ServiceEntries, and Pods if they are written there. */
  readonly config: WatchedStore;
  /** Pods in a store of their own. */
  readonly pods?: WatchedStore;
  /** The DNS domain of the mesh: `cluster.local`. */
  readonly domain: string;
}

/** The registry of the sources. Listeners are told of each change; the view is read again when it is next asked for. */
export class RegistryStore {
  readonly #sources: RegistrySources;
  readonly #listeners = new Set<() => void>();
  readonly #watches: readonly { close(): void }[];
  readonly #merger = new RegistryMerger();
  #view: RegistryView | undefined;

  constructor(sources: RegistrySources) {
    this.#sources = sources;
    const stores = sources.pods ? [sources.config, sources.pods] : [sources.config];
    this.#watches = stores.map((store) => store.watch(() => this.#changed()));
  }

  view(): RegistryView {
    this.#view ??= this.#merger.merge(readPlatforms(this.#sources));
    return this.#view;
  }

  watch(listener: () => void): { close(): void } {
    this.#listeners.add(listener);
    return { close: () => void this.#listeners.delete(listener) };
  }

  close(): void {
    for (const watch of this.#watches) watch.close();
    this.#listeners.clear();
  }

  #changed(): void {
    this.#view = undefined;
    for (const listener of this.#listeners) listener();
  }
}

/** Reads all platforms of the sources' present views. */
export function readRegistry(sources: RegistrySources): RegistryView {
  return new RegistryMerger().merge(readPlatforms(sources));
}

function readPlatforms(sources: RegistrySources): readonly PlatformView[] {
  const config = sources.config.view();
  const services = config.objects('Service');
  const files = filePlatform({
    services,
    endpoints: foundEndpoints(config.objects('Endpoints'), config.objects('EndpointSlice')),
    pods: podsOf(sources, config),
    nodes: config.objects('Node'),
    written: config.objects('WorkloadEntry'),
    domain: sources.domain,
  });
  return [files, entryPlatform(config.serviceEntries, files.workloads, config.objects('WorkloadEntry'))];
}

function podsOf(sources: RegistrySources, config: ConfigView): readonly Pod[] {
  return [...config.objects('Pod'), ...(sources.pods?.view().objects('Pod') ?? [])];
}
