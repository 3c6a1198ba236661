// Starts the overload manager of a bootstrap that has one.
import { getHeapStatistics } from 'node:v8';
import type { Bootstrap } from '@meltemi/api/envoy/config/bootstrap/v3/bootstrap_pb';
import type { Scope } from '@meltemi/base';
import { OverloadManager, type OverloadParts } from './overload-manager.ts';
import { overloadSettings } from './overload-settings.ts';
import type { OverloadState } from './overload-state.ts';

/** The scope ends it. Throws OverloadConfigError. */
export function startOverloadManager(
  bootstrap: Bootstrap,
  state: OverloadState,
  parts: OverloadParts,
  scope: Scope,
): void {
  const settings = overloadSettings(bootstrap.overloadManager);
  if (!settings) return;
  const manager = new OverloadManager(settings, state, parts);
  scope.defer(() => manager.close());
}

/** Bytes that objects and buffers of this thread hold. */
export function heapBytes(): number {
  const { used_heap_size: used, external_memory: external } = getHeapStatistics();
  return used + external;
}
