// Makes the store that one worker counts in, with the tags that the bootstrap and the command line want.
import type { Bootstrap } from '@meltemi/api/envoy/config/bootstrap/v3/bootstrap_pb';
import type { Labels } from '@meltemi/base';
import { StatsStore } from '@meltemi/telemetry';
import { fixedTags, tagPrefix } from './stats-sink/stat-tags.ts';

/** `tags`: of the command line. */
export function proxyStats({ statsConfig }: Bootstrap, tags: Labels): StatsStore {
  return new StatsStore({ tags: { ...fixedTags(statsConfig), ...tags }, tagPrefix: tagPrefix(statsConfig) });
}
