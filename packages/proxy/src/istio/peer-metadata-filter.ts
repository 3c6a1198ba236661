// Finds out which workload is at the other end of a request, and tells it who we are: by header fields, or by the connection.
import { fromBinary } from '@bufbuild/protobuf';
import {
  type Config,
  type Config_DiscoveryMethod as DiscoveryMethod,
  type Config_PropagationMethod as PropagationMethod,
  ConfigSchema,
} from '@meltemi/api/istio/http/peer_metadata/config_pb';
import type { Headers } from '@meltemi/wire';
import type { HttpFilterType } from '../http/filter/filter-type.ts';
import type {
  FilteredResponse,
  FilteredStream,
  FilterStep,
  HttpFilter,
  StreamFilter,
} from '../http/filter/http-filter.ts';
import { FilterConfigError } from '../http/http-config-error.ts';
import { workloadOfBaggage } from './baggage.ts';
import { isExternal } from './external-service.ts';
import { addOwnFields, type OwnFields, ownFields, PEER_ID, PEER_METADATA, PeerReader } from './peer-headers.ts';
import { DOWNSTREAM_PEER, UPSTREAM_PEER } from './peer-state.ts';
import { type Workload, workloadOf } from './workload.ts';

/** Istio's `io.istio.http.peer_metadata`. */
export const PEER_METADATA_FILTER: HttpFilterType = {
  typeName: ConfigSchema.typeName,
  compile(name, config, { node }) {
    const own = ownFields(node?.id ?? '', workloadOf(node?.metadata ?? {}));
    return new PeerMetadataFilter(name, peerSettings(fromBinary(ConfigSchema, config)), own);
  },
};

type Discovery = 'headers' | 'baggage';

interface PeerSettings {
  /** The first that finds something wins. */
  readonly fromClient: readonly Discovery[];
  readonly fromUpstream: readonly Discovery[];
  readonly toClient: boolean;
  readonly toUpstream: boolean;
  /** Services outside of the mesh are told nothing. */
  readonly skipExternal: boolean;
}

function peerSettings(config: Config): PeerSettings {
  return {
    fromClient: config.downstreamDiscovery.flatMap(discovery),
    fromUpstream: config.upstreamDiscovery.flatMap(discovery),
    toClient: config.downstreamPropagation.some(tellsByHeaders),
    toUpstream: config.upstreamPropagation.some(tellsByHeaders),
    skipExternal: config.upstreamPropagation.some(
      ({ methodSpecifier: method }) => method.case === 'istioHeaders' && method.value.skipExternalClusters,
    ),
  };
}

/** A directory of workloads is nothing that a sidecar has: it finds nobody there. */
function discovery({ methodSpecifier: method }: DiscoveryMethod): readonly Discovery[] {
  switch (method.case) {
    case 'istioHeaders':
      return ['headers'];
    case 'baggage':
      return ['baggage'];
    case 'workloadDiscovery':
      return [];
    case undefined:
      throw new FilterConfigError('UNSUPPORTED_FIELD', 'a discovery method without a kind');
  }
}

function tellsByHeaders({ methodSpecifier: method }: PropagationMethod): boolean {
  if (method.case === undefined)
    throw new FilterConfigError('UNSUPPORTED_FIELD', 'a propagation method without a kind');
  return true;
}

class PeerMetadataFilter implements HttpFilter {
  readonly name: string;
  readonly settings: PeerSettings;
  readonly own: OwnFields;
  readonly peers = new PeerReader();

  constructor(name: string, settings: PeerSettings, own: OwnFields) {
    this.name = name;
    this.settings = settings;
    this.own = own;
  }

  open(): StreamFilter {
    return new PeerExchange(this);
  }
}

class PeerExchange implements StreamFilter {
  readonly #filter: PeerMetadataFilter;
  #askedForId = false;
  #askedForMetadata = false;

  constructor(filter: PeerMetadataFilter) {
    this.#filter = filter;
  }

  onRequest(stream: FilteredStream): FilterStep {
    const { settings, own } = this.#filter;
    const { headers } = stream.head;
    this.#askedForId = headers.has(PEER_ID);
    this.#askedForMetadata = headers.has(PEER_METADATA);
    const peer = this.#find(settings.fromClient, headers);
    if (peer) stream.entry.setFilterState(DOWNSTREAM_PEER, peer);
    if (settings.toUpstream && !(settings.skipExternal && isExternal(stream))) addOwnFields(headers, own);
    return 'next';
  }

  onResponse({ headers, fromUpstream }: FilteredResponse, stream: FilteredStream): void {
    const { settings, own } = this.#filter;
    const peer = fromUpstream ? this.#find(settings.fromUpstream, headers) : undefined;
    if (peer) stream.entry.setFilterState(UPSTREAM_PEER, peer);
    if (!settings.toClient) return;
    if (this.#askedForId) headers.set(PEER_ID, own.id);
    if (this.#askedForMetadata) headers.set(PEER_METADATA, own.metadata);
  }

  #find(methods: readonly Discovery[], headers: Headers): Workload | undefined {
    let found: Workload | undefined;
    for (const method of methods) {
      // The fields go, whoever found the peer.
      const told = method === 'headers' ? this.#filter.peers.take(headers) : workloadOfBaggage(headers.get('baggage'));
      found ??= told;
    }
    return found;
  }
}
