// A debug page of our control plane within the test's process, as its operator sees it.
import assert from 'node:assert/strict';
import { DebugPages, type DiscoveryServer } from '@meltemi/discovery';

export function debugPage(server: DiscoveryServer, name: string): unknown {
  const pages = new DebugPages({ server, meshConfig: () => ({}) });
  const shown = pages.look(name, { query: new URLSearchParams(), viewer: { kind: 'operator' } });
  assert.equal(shown.kind, 'json');
  return (shown as { value: unknown }).value;
}
