// A filter that asks Mixer → its client, which is loaded when the first one comes.
import type { OpenMixer } from '@meltemi/proxy';

/** For the filters of one worker. */
export function mixerOpener(): OpenMixer {
  const mixers = lazily(async () => new (await import('@meltemi/policy/sidecar')).SidecarMixers());
  return async (parts) => (await mixers()).open(parts);
}

function lazily<Value>(make: () => Promise<Value>): () => Promise<Value> {
  let made: Promise<Value> | undefined;
  return () => (made ??= make());
}
