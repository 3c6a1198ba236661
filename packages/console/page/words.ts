// Says numbers and states in the words and figures that people read.
import type { Health, MutualTls, TrafficView } from '../src/views/views.ts';

export const HEALTH_WORDS: Readonly<Record<Health, string>> = {
  healthy: 'healthy',
  degraded: 'some errors',
  failing: 'failing',
  idle: 'idle',
};

export const MUTUAL_TLS_WORDS: Readonly<Record<MutualTls, string>> = {
  all: 'mutual TLS',
  some: 'partly in plaintext',
  none: 'plaintext',
  unknown: 'encryption unknown',
};

/** Three figures at most: `0.12`, `3.4`, `120`, `1.2k`. */
export function rateText(perSecond: number): string {
  if (perSecond >= 999.5) return `${figures(perSecond / 1000)}k`;
  return figures(perSecond);
}

export function percentText(share: number): string {
  if (share === 0) return '0 %';
  if (share < 0.001) return '<0.1 %';
  return `${share < 0.0995 ? (share * 100).toFixed(1) : Math.round(share * 100)} %`;
}

export function millisecondsText(ms: number | null): string {
  if (ms === null) return '–';
  if (ms >= 999.5) return `${figures(ms / 1000)} s`;
  return `${ms < 9.95 ? ms.toFixed(1) : Math.round(ms)} ms`;
}

export function bytesText(perSecond: number): string {
  const [unit, scale] = perSecond >= 1e6 ? ['MB', 1e6] : perSecond >= 1e3 ? ['kB', 1e3] : ['B', 1];
  return `${figures(perSecond / scale)} ${unit}/s`;
}

/** What an edge or a card says in one line. */
export function trafficText({ requestsPerSecond, errorShare, bytesPerSecond, health }: TrafficView): string {
  if (health === 'idle') return 'idle';
  if (requestsPerSecond === 0) return bytesText(bytesPerSecond);
  return errorShare > 0
    ? `${rateText(requestsPerSecond)}/s, ${percentText(errorShare)} errors`
    : `${rateText(requestsPerSecond)}/s`;
}

/** The same where there is little room. */
export function shortTraffic(traffic: TrafficView): string {
  const { requestsPerSecond, errorShare } = traffic;
  if (requestsPerSecond === 0 || errorShare === 0) return trafficText(traffic);
  return `${rateText(requestsPerSecond)}/s · ${percentText(errorShare)} ✕`;
}

/** The same, to be read aloud. */
export function spokenTraffic(traffic: TrafficView): string {
  const { requestsPerSecond, errorShare, p50Ms, p99Ms, bytesPerSecond, health } = traffic;
  if (health === 'idle') return 'idle';
  if (requestsPerSecond === 0) return `${bytesText(bytesPerSecond)} of TCP`;
  const times =
    p99Ms === null ? '' : `, half within ${millisecondsText(p50Ms)}, 99 % within ${millisecondsText(p99Ms)}`;
  return `${HEALTH_WORDS[health]}, ${rateText(requestsPerSecond)} requests a second, ${percentText(errorShare)} errors${times}`;
}

export function clockText(time: number): string {
  return new Date(time).toLocaleTimeString(undefined, { hour12: false });
}

function figures(value: number): string {
  if (Number.isInteger(value)) return String(value);
  return value >= 9.95 ? value.toFixed(0) : value >= 0.995 ? value.toFixed(1) : value.toFixed(2);
}
