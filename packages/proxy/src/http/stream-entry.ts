// What is known of one request while it is served: the kernel's view of it, and the access log's entry when it ended.
import type { JsonObject } from '@bufbuild/protobuf';
import { formatSocketAddress, type SocketAddress } from '@meltemi/base';
import type { AccessRequest, FormatSource, PeerNames, RequestView } from '@meltemi/decide';
import type {
  AccessLogEntry,
  AccessLogType,
  HeaderLookup,
  MetadataKind,
  TimePoint,
  TlsFacts,
} from '@meltemi/telemetry';
import { Headers, type RequestHead } from '@meltemi/wire';
import type { ConnectionFacts, UpstreamHost } from '../cluster/cluster.ts';
import { headerCommand } from './header-command.ts';

/** What all requests of a connection share. */
export interface ConnectionEntry {
  readonly localAddress: string;
  readonly remoteAddress: string;
  readonly local: SocketAddress;
  readonly remote: SocketAddress;
  /** Where the client wanted to go; undefined: to where it was accepted. */
  readonly originalDestination: SocketAddress | undefined;
  readonly filterChainName: string;
  /** The socket's own peer. */
  readonly direct: SocketAddress;
  readonly directRemoteAddress: string;
  /** Of this process alone. */
  readonly id: number;
  readonly serverName: string | undefined;
  /** Undefined: plaintext. */
  readonly tls: TlsFacts | undefined;
  /** Undefined: plaintext. */
  readonly peer: PeerNames | undefined;
  /** What network filters said of it, by the filter's name. */
  metadata?: Readonly<Record<string, JsonObject>>;
  /** Set once the protocol is known to be HTTP/2. */
  readonly http2?: boolean;
}

const NO_HEADERS = new Headers();
const NO_HOSTS: readonly UpstreamHost[] = [];

/** One a connection, filled anew for each request. */
export class StreamEntry implements AccessLogEntry, RequestView, FormatSource, AccessRequest {
  readonly connection: ConnectionEntry;
  startTimeMs = 0;
  /** Monotonic. */
  startedMs = 0;
  protocol: string | undefined;
  method = '';
  path = '';
  authority = '';
  scheme = 'http';
  headers: Headers = NO_HEADERS;
  requestHeaders: HeaderLookup | undefined;
  responseHeaders: Headers | undefined;
  responseTrailers: HeaderLookup | undefined;
  responseCode = 0;
  responseCodeDetails: string | undefined;
  responseFlags: string | undefined;
  bytesReceived = 0;
  bytesSent = 0;
  durationMs = 0;
  requestDurationMs: number | undefined;
  responseDurationMs: number | undefined;
  upstreamHost: string | undefined;
  upstreamCluster: string | undefined;
  upstreamClusterRaw: string | undefined;
  upstreamLocal: SocketAddress | undefined;
  upstreamTransportFailureReason: string | undefined;
  upstreamRequestAttemptCount = 0;
  routeName: string | undefined;
  virtualClusterName: string | undefined;
  connectionTerminationDetails: string | undefined;
  remoteAddress = '';
  trusted = false;
  /** What filters say of the request, by their names. */
  metadata: Record<string, JsonObject> | undefined;
  /** What filters keep of the request for others, by key. */
  filterState: Map<string, unknown> | undefined;
  /** Where the last try went. */
  upstream: UpstreamHost | undefined;
  upstreamTls: TlsFacts | undefined;
  upstreamConnection: ConnectionFacts | undefined;
  /** Monotonic: the last try had its connection, and sent the head. */
  upstreamBeganMs: number | undefined;
  /** To which there was a connection, in order, each once. */
  hostsAttempted = NO_HOSTS;
  /** Until all of the request was on its way to the upstream. */
  requestSentMs: number | undefined;
  /** Until the head of the response went to the client. */
  responseBeganMs: number | undefined;
  /** The upstream's response came whole. */
  upstreamEnded = false;
  logType: AccessLogType | undefined;
  /** While a format writes the body of our own answer. */
  localReplyBody: string | undefined;
  /** A health check, which logs may leave out. */
  healthCheck = false;
  /** A filter makes gRPC of the client's gRPC-Web, and answers to gRPC what the client reads. */
  grpcWeb = false;
  /** In hex, once a tracer has seen the request. */
  traceId: string | undefined;
  spanId: string | undefined;
  traced = false;

  constructor(connection: ConnectionEntry) {
    this.connection = connection;
  }

  /** Starts over for a request; `head` is undefined when it could not be read. */
  begin(head: RequestHead | undefined, nowMs: number, monotonicMs: number): void {
    this.startTimeMs = nowMs;
    this.startedMs = monotonicMs;
    this.protocol = head && protocolOf(head, this.connection);
    this.method = head?.method ?? '';
    this.path = '';
    this.authority = '';
    this.headers = head?.headers ?? NO_HEADERS;
    this.requestHeaders = head?.headers;
    this.#clearAnswer();
  }

  get request(): RequestView {
    return this;
  }

  /** A certificate that was shown was verified: connections with others are refused. */
  get certificate(): RequestView['certificate'] {
    const { peer } = this.connection;
    return peer && (peer.subject !== '' || peer.uris.length > 0 || peer.dns.length > 0) ? 'validated' : undefined;
  }

  addFlag(flag: string): void {
    if (flag === '') return;
    this.responseFlags = this.responseFlags === undefined ? flag : `${this.responseFlags},${flag}`;
  }

  get upstreamLocalAddress(): string | undefined {
    return this.upstreamLocal && formatSocketAddress(this.upstreamLocal);
  }

  get downstreamLocalAddress(): string {
    return this.connection.localAddress;
  }

  get downstreamRemoteAddress(): string {
    const { remote, remoteAddress } = this.connection;
    return this.remoteAddress === remote.host || this.remoteAddress === '' ? remoteAddress : `${this.remoteAddress}:0`;
  }

  get downstreamDirectRemoteAddress(): string {
    return this.connection.directRemoteAddress;
  }

  get requestedServerName(): string | undefined {
    return this.connection.serverName;
  }

  get filterChainName(): string {
    return this.connection.filterChainName;
  }

  get downstreamTls(): TlsFacts | undefined {
    return this.connection.tls;
  }

  get connectionId(): number {
    return this.connection.id;
  }

  get upstreamHostName(): string | undefined {
    return this.upstream?.hostname;
  }

  get upstreamHostsAttempted(): readonly string[] {
    return this.hostsAttempted.map((host) => host.text);
  }

  get upstreamProtocol(): string | undefined {
    return this.upstreamConnection?.protocol;
  }

  get upstreamConnectionId(): number | undefined {
    return this.upstreamConnection?.id;
  }

  get requestHeadersBytes(): number {
    const { method, path, authority, scheme } = this;
    const pseudo =
      ':method:path:authority:scheme'.length + method.length + path.length + authority.length + scheme.length;
    // `host` is `:authority` here.
    return fieldBytes(this.headers) - fieldBytes(this.headers, 'host') + pseudo;
  }

  get responseHeadersBytes(): number {
    const { responseHeaders } = this;
    return responseHeaders ? fieldBytes(responseHeaders) + ':status200'.length : 0;
  }

  metadataOf(kind: MetadataKind): Readonly<Record<string, JsonObject>> | undefined {
    return kind === 'cluster' ? this.upstream?.cluster.metadata : this.upstream?.metadata;
  }

  timePointMs(point: TimePoint): number | undefined {
    switch (point) {
      case 'US_CX_BEG':
        return this.#sinceStart(this.upstreamConnection?.startedMs);
      case 'US_CX_END':
        return this.#sinceStart(this.upstreamConnection?.connectedMs);
      case 'US_HS_END':
        return this.upstreamTls && this.#sinceStart(this.upstreamConnection?.readyMs);
      case 'US_TX_BEG':
        return this.#sinceStart(this.upstreamBeganMs);
      case 'US_TX_END':
        return this.requestSentMs;
      case 'DS_TX_BEG':
        return this.responseBeganMs;
      case 'US_RX_END':
        return this.upstreamEnded ? this.durationMs : undefined;
      default:
        return undefined;
    }
  }

  /** Of a connection that served before: less than 0. */
  #sinceStart(monotonicMs: number | undefined): number | undefined {
    return monotonicMs === undefined ? undefined : monotonicMs - this.startedMs;
  }

  requestHeader(name: string): string | undefined {
    switch (name) {
      case ':method':
        return this.method;
      case ':path':
        return this.path;
      case ':authority':
        return this.authority;
      case ':scheme':
        return this.scheme;
      default:
        return this.headers.getAll(name)[0];
    }
  }

  responseHeader(name: string): string | undefined {
    return this.responseHeaders?.getAll(name)[0];
  }

  /** The commands that header values may hold; https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_conn_man/headers#custom-request-response-headers */
  value(name: string, argument: string): string | undefined {
    const { local, remote } = this.connection;
    switch (name) {
      case 'DOWNSTREAM_REMOTE_ADDRESS':
        return this.downstreamRemoteAddress;
      case 'DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT':
        return this.remoteAddress;
      case 'DOWNSTREAM_REMOTE_PORT':
        return String(remote.port);
      case 'DOWNSTREAM_LOCAL_ADDRESS':
        return this.connection.localAddress;
      case 'DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT':
        return local.host;
      case 'DOWNSTREAM_LOCAL_PORT':
        return String(local.port);
      case 'DOWNSTREAM_PEER_URI_SAN':
        return this.connection.peer?.uris.join(',');
      case 'PROTOCOL':
        return this.protocol;
      case 'RESPONSE_CODE':
        return String(this.responseCode);
      case 'RESPONSE_FLAGS':
        return this.responseFlags ?? '-';
      case 'RESPONSE_CODE_DETAILS':
        return this.responseCodeDetails;
      case 'ROUTE_NAME':
        return this.routeName;
      case 'UPSTREAM_CLUSTER':
        return this.upstreamCluster;
      case 'UPSTREAM_HOST':
      case 'UPSTREAM_REMOTE_ADDRESS':
        return this.upstreamHost;
      case 'REQUESTED_SERVER_NAME':
        return this.connection.serverName;
      default:
        return headerCommand(name, argument, this);
    }
  }

  #clearAnswer(): void {
    this.responseHeaders = undefined;
    this.responseTrailers = undefined;
    this.responseCode = 0;
    this.responseCodeDetails = undefined;
    this.responseFlags = undefined;
    this.bytesReceived = 0;
    this.bytesSent = 0;
    this.requestDurationMs = undefined;
    this.responseDurationMs = undefined;
    this.upstreamHost = undefined;
    this.upstreamCluster = undefined;
    this.upstreamClusterRaw = undefined;
    this.upstreamLocal = undefined;
    this.upstreamTransportFailureReason = undefined;
    this.upstreamRequestAttemptCount = 0;
    this.routeName = undefined;
    this.virtualClusterName = undefined;
    this.connectionTerminationDetails = undefined;
    this.remoteAddress = '';
    this.trusted = false;
    this.healthCheck = false;
    this.grpcWeb = false;
    this.metadata = undefined;
    this.filterState = undefined;
    this.upstream = undefined;
    this.upstreamTls = undefined;
    this.upstreamConnection = undefined;
    this.upstreamBeganMs = undefined;
    this.hostsAttempted = NO_HOSTS;
    this.requestSentMs = undefined;
    this.responseBeganMs = undefined;
    this.upstreamEnded = false;
    this.logType = undefined;
    this.traceId = undefined;
    this.spanId = undefined;
    this.traced = false;
  }

  setMetadata(filter: string, values: JsonObject): void {
    this.metadata ??= {};
    this.metadata[filter] = values;
  }

  /** Adds to what a filter said of the request; a key that it said before is replaced. */
  addMetadata(filter: string, values: JsonObject): void {
    this.metadata ??= {};
    this.metadata[filter] = { ...this.metadata[filter], ...values };
  }

  setFilterState(key: string, value: unknown): void {
    this.filterState ??= new Map();
    this.filterState.set(key, value);
  }
}

/** Of names and values; `only`: of the fields of that name. */
function fieldBytes(headers: Headers, only?: string): number {
  let bytes = 0;
  for (let index = 0; index < headers.size; index++) {
    const name = headers.nameAt(index);
    if (only === undefined || name === only) bytes += name.length + headers.valueAt(index).length;
  }
  return bytes;
}

function protocolOf(head: RequestHead, { http2 }: ConnectionEntry): string {
  if (http2) return 'HTTP/2';
  return head.version === 11 ? 'HTTP/1.1' : 'HTTP/1.0';
}
