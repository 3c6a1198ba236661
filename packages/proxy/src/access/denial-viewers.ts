// Who may see, in the answer to a request that was denied, why it was: callers by their certificates, as the node's metadata names them.
import type { Node } from '@meltemi/api/envoy/config/core/v3/base_pb';
import type { AccessConnection, RequestView } from '@meltemi/decide';
import type { Headers } from '@meltemi/wire';

/** Of the node's metadata: principals with commas between, each whole or with `*` at its end: `cluster.local/ns/ops/sa/*`. */
const SETTING = 'AUTHZ_EXPLAIN_TO';
/** A request without it is not answered so: what passes a denial on to others did not ask for its reason. */
const ASKS = 'x-meltemi-explain';
const DENIED_BECAUSE = 'x-meltemi-denied-because';
const LONGEST = 1024;

export class DenialViewers {
  readonly #exact: ReadonlySet<string>;
  readonly #prefixes: readonly string[];

  constructor(node: Node | undefined) {
    const written = node?.metadata?.[SETTING];
    const words = typeof written === 'string' ? written.split(',').map((word) => word.trim()) : [];
    this.#exact = new Set(words.filter((word) => word !== '' && !word.endsWith('*')));
    // A bare star would be everybody: strangers never see why.
    this.#prefixes = words.filter((word) => /.\*$/.test(word)).map((word) => word.slice(0, -1));
  }

  /** Writes the header of an answer where its caller may see it. */
  tell(answer: Headers, because: string, connection: AccessConnection, request: RequestView): void {
    if (request.headers.get(ASKS) === undefined || !this.#mayAsk(connection)) return;
    answer.set(DENIED_BECAUSE, because.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, LONGEST));
  }

  /** By the one name that its certificate proves. */
  #mayAsk({ peer }: AccessConnection): boolean {
    const [uri = '', ...others] = peer?.uris ?? [];
    if (others.length > 0 || !uri.startsWith('spiffe://')) return false;
    const principal = uri.slice('spiffe://'.length);
    return this.#exact.has(principal) || this.#prefixes.some((prefix) => principal.startsWith(prefix));
  }
}
