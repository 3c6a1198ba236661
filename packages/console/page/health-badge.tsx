// A word with a mark: how well something is; never by colour alone.
import type { Health } from '../src/views/views.ts';
import { HEALTH_WORDS } from './words.ts';

const MARKS: Readonly<Record<Health, string>> = { healthy: '●', degraded: '▲', failing: '■', idle: '○' };

export function HealthBadge({ health }: { readonly health: Health }) {
  return (
    <span class={`badge ${health}`}>
      <span aria-hidden="true">{MARKS[health]}</span> {HEALTH_WORDS[health]}
    </span>
  );
}
