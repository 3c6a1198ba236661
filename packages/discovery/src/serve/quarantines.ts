// What each proxy refused, kept from one of its connections to the next: an older resource that it still has stays.
import type { ServedType } from '../resources.ts';
import { Quarantine } from './quarantine.ts';

/** Proxies that are remembered while they are away; the one that is away longest is forgotten. */
const MAX_ABSENT = 1000;

/** Of one proxy. */
export type ProxyQuarantine = Map<ServedType, Quarantine>;

export class Quarantines {
  readonly #absent = new Map<string, ProxyQuarantine>();

  /** For a proxy that connects, by its node id. */
  take(nodeId: string): ProxyQuarantine {
    const known = this.#absent.get(nodeId);
    this.#absent.delete(nodeId);
    return known ?? new Map();
  }

  /** For a proxy whose connection has ended. */
  keep(nodeId: string, quarantine: ProxyQuarantine): void {
    if (quarantine.values().every(({ refused }) => refused.length === 0)) return;
    this.#absent.set(nodeId, quarantine);
    const [oldest] = this.#absent.keys();
    if (this.#absent.size > MAX_ABSENT && oldest !== undefined) this.#absent.delete(oldest);
  }
}

/** That of a type, made when it is not there. */
export function quarantineOf(proxy: ProxyQuarantine, type: ServedType): Quarantine {
  const quarantine = proxy.get(type) ?? new Quarantine();
  proxy.set(type, quarantine);
  return quarantine;
}
