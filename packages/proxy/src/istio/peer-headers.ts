// Exchanges what two sidecars know of their workloads in header fields of the requests and responses between them.
// https://istio.io/latest/docs/ops/configuration/telemetry/envoy-stats/ (metadata exchange)
import type { Headers } from '@meltemi/wire';
import { type Workload, workloadBytes, workloadOfBytes } from './workload.ts';

export const PEER_ID = 'x-envoy-peer-metadata-id';
export const PEER_METADATA = 'x-envoy-peer-metadata';

/** Longer ones are not read. */
const MAX_LENGTH = 16 * 1024;
/** Peers kept, so that their header is decoded once. */
const KEPT_PEERS = 512;

/** The fields that say who this sidecar is. */
export interface OwnFields {
  readonly id: string;
  readonly metadata: string;
}

export function ownFields(nodeId: string, workload: Workload): OwnFields {
  return { id: nodeId, metadata: Buffer.from(workloadBytes(workload)).toString('base64') };
}

export function addOwnFields(headers: Headers, own: OwnFields): void {
  headers.set(PEER_ID, own.id);
  headers.set(PEER_METADATA, own.metadata);
}

/** Reads peers' fields; the newest are kept. */
export class PeerReader {
  readonly #known = new Map<string, Workload | undefined>();

  /** Takes the fields off. Undefined: there are none, or they say nothing. */
  take(headers: Headers): Workload | undefined {
    const packed = headers.get(PEER_METADATA);
    if (packed === undefined) {
      headers.remove(PEER_ID);
      return undefined;
    }
    headers.remove(PEER_ID);
    headers.remove(PEER_METADATA);
    return this.#read(packed);
  }

  #read(packed: string): Workload | undefined {
    if (this.#known.has(packed)) return this.#known.get(packed);
    if (packed.length > MAX_LENGTH) return undefined;
    const workload = workloadOfBytes(Buffer.from(packed, 'base64'));
    if (this.#known.size >= KEPT_PEERS) this.#known.delete(this.#known.keys().next().value!);
    this.#known.set(packed, workload);
    return workload;
  }
}
