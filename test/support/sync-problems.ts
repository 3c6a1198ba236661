// Reads istiod's page of what it sent to each proxy and what was acknowledged.

interface SyncStatus {
  readonly proxy: string;
  readonly resources: Readonly<
    Record<string, { readonly sent?: string; readonly acked?: string; readonly nacked?: string }>
  >;
}

/** What is not in order for these proxies, named `NAME.demo`: nothing was sent, or not all of it was acknowledged. */
export function syncProblems(page: unknown, names: readonly string[]): readonly string[] {
  const proxies = page as readonly SyncStatus[];
  return names.flatMap((name) => {
    const status = proxies.find(({ proxy }) => proxy === `${name}.demo`);
    const types = Object.entries(status?.resources ?? {});
    if (types.length < 4) return [`${name}: only ${types.length} types were sent`];
    return types
      .filter(([, { sent, acked }]) => !sent || sent !== acked)
      .map(([type, state]) => `${name}: ${type}: ${JSON.stringify(state)}`);
  });
}
