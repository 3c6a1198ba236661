// Loaded into a sidecar before its program: tells the parent what the process holds, after a collection of garbage.

/** What a process holds; memory in bytes. */
export interface ProbeAnswer {
  readonly heap: number;
  readonly external: number;
  /** Active handles and timers by kind. */
  readonly resources: Readonly<Record<string, number>>;
}

process.on('message', (message) => {
  if (message !== 'probe') return;
  globalThis.gc?.();
  const { heapUsed: heap, external } = process.memoryUsage();
  const resources: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo()) resources[kind] = (resources[kind] ?? 0) + 1;
  process.send?.({ probe: { heap, external, resources } satisfies ProbeAnswer });
});
