// The labels that a proxy's node has under a key of its metadata.
import type { Node } from '@meltemi/api/envoy/config/core/v3/base_pb';

/** Empty key: none. What is no text counts as empty. */
export function nodeLabels(node: Node | undefined, key: string): Readonly<Record<string, string>> {
  const labels = key === '' ? undefined : node?.metadata?.[key];
  if (typeof labels !== 'object' || labels === null || Array.isArray(labels)) return {};
  const entries = Object.entries(labels).map(([name, value]) => [name, typeof value === 'string' ? value : '']);
  return Object.fromEntries(entries) as Record<string, string>;
}
