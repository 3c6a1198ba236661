// Turns the header fields of an upstream's response, or of none, into those that the client gets.
import type { Clock } from '@meltemi/base';
import type { Headers } from '@meltemi/wire';
import type { HttpSettings } from './http-settings.ts';

const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
  'te',
]);

/** Removes what concerned the hop to the upstream, in place. */
export function removeHopByHop(headers: Headers): void {
  const connection = headers.get('connection');
  if (connection !== undefined && connection !== 'keep-alive' && connection !== 'close')
    removeNominated(headers, connection);
  for (let index = headers.size - 1; index >= 0; index--) {
    // Several of a name go at once.
    if (index < headers.size && HOP_BY_HOP.has(headers.nameAt(index))) headers.remove(headers.nameAt(index));
  }
}

function removeNominated(headers: Headers, connection: string): void {
  for (const token of connection.split(',')) {
    const name = token.trim().toLowerCase();
    // A response must not unname its own framing or date.
    if (name !== '' && name !== 'content-length' && name !== 'date') headers.remove(name);
  }
}

/** `server` as the listener wants it, and `date` where there is none. */
export function signResponse(headers: Headers, server: HttpSettings['server'], date: HttpDate): void {
  if (server.header === 'overwrite') headers.set('server', server.name);
  else if (server.header === 'append-if-absent' && !headers.has('server')) headers.add('server', server.name);
  if (!headers.has('date')) headers.append('date', date.text);
}

/** The time as HTTP writes it (RFC 9110 §5.6.7), made once a second. */
export class HttpDate {
  readonly #clock: Clock;
  #second = -1;
  #text = '';

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get text(): string {
    const second = Math.floor(this.#clock.now() / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#text = new Date(second * 1000).toUTCString();
    }
    return this.#text;
  }
}
