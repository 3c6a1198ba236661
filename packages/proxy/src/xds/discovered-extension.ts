// The configuration that a filter has now when it comes by itself: the discovered one, else the default one, else none yet.
import type { Any } from '@bufbuild/protobuf/wkt';
import type { ExtensionConfigSource } from '@meltemi/api/envoy/config/core/v3/config_source_pb';
import type { ExtensionPlace, WatchExtension } from './extension-watch.ts';

export interface ExtensionUser {
  /** Builds from a configuration and puts it in use. Throws an Error for what can't be honoured: what is in use stays. */
  apply(config: Any): void;
  /** Once: a configuration is in use, or none will come for now (every request is answered with an error then). */
  onReady(): void;
}

/** Throws for a source that can't be asked, and for a default that can't be honoured. */
export function discoverExtension(
  place: ExtensionPlace,
  source: ExtensionConfigSource,
  watch: WatchExtension,
  user: ExtensionUser,
): { close(): void } {
  let ready = false;
  let discovered = false;
  const settle = () => {
    if (!ready) user.onReady();
    ready = true;
  };
  if (source.defaultConfig && source.applyDefaultConfigWithoutWarming) {
    user.apply(source.defaultConfig);
    settle();
  }
  return watch(
    source.configSource,
    place,
    source.typeUrls,
    (config) => {
      try {
        user.apply(config);
      } catch (error) {
        return { name: place.name, message: (error as Error).message };
      }
      discovered = true;
      settle();
      return undefined;
    },
    () => {
      if (source.defaultConfig && (discovered || !ready)) user.apply(source.defaultConfig);
      discovered = false;
      settle();
    },
  );
}
