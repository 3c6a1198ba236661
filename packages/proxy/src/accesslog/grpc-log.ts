// Sends entries of access logs to a service by one gRPC stream, in batches; what it doesn't take is dropped and counted.
import { create, toBinary } from '@bufbuild/protobuf';
import type { Node } from '@meltemi/api/envoy/config/core/v3/base_pb';
import { StreamAccessLogsMessageSchema } from '@meltemi/api/envoy/service/accesslog/v3/als_pb';
import type { Clock } from '@meltemi/base';
import type { Counter } from '@meltemi/telemetry';
import { Batch, type BatchLimits } from '../call/batch.ts';
import type { GrpcTarget } from '../call/grpc-target.ts';
import { type GrpcStream, openGrpcStream } from '../call/grpc-stream.ts';
import { bytesField, repeatedField } from '../call/protobuf-fields.ts';
import type { Clusters } from '../cluster/cluster.ts';

export interface GrpcLogSettings {
  readonly kind: 'http' | 'tcp';
  readonly logName: string;
  readonly target: GrpcTarget;
  readonly limits: BatchLimits;
}

export interface GrpcLogParts {
  readonly clusters: Clusters;
  readonly clock: Clock;
  readonly node: Node | undefined;
}

export interface LogCounts {
  readonly written: Counter;
  readonly dropped: Counter;
}

const METHOD = '/envoy.service.accesslog.v3.AccessLogService/StreamAccessLogs';
/** Field numbers of StreamAccessLogsMessage and of its lists of entries. */
const LISTS = { http: 2, tcp: 3 } as const;
const LOG_ENTRY = 1;
/** Of the answer, which is empty. */
const MAX_ANSWER_BYTES = 1024;

export class GrpcLog {
  readonly #settings: GrpcLogSettings;
  readonly #parts: GrpcLogParts;
  readonly #counts: LogCounts;
  readonly #batch: Batch;
  #stream: GrpcStream | undefined;
  /** Records that wait in the stream until it has a connection, or room again. */
  #waiting = 0;

  constructor(settings: GrpcLogSettings, parts: GrpcLogParts, counts: LogCounts) {
    this.#settings = settings;
    this.#parts = parts;
    this.#counts = counts;
    this.#batch = new Batch(settings.limits, parts.clock, (items) => this.#send(items));
  }

  /** Takes an encoded entry. */
  write(entry: Uint8Array): void {
    (this.#batch.add(entry) ? this.#counts.written : this.#counts.dropped).increment();
  }

  close(): void {
    this.#counts.dropped.add(this.#batch.close());
    this.#stream?.end();
    this.#stream = undefined;
  }

  #send(entries: readonly Uint8Array[]): boolean {
    const list = bytesField(LISTS[this.#settings.kind], repeatedField(LOG_ENTRY, entries));
    const open = this.#stream;
    this.#stream ??= this.#open();
    // The first message of a stream says who sends it.
    if (!this.#stream.send(open ? list : Buffer.concat([this.#identifier(), list]))) return false;
    this.#waiting = this.#stream.room ? 0 : this.#waiting + entries.length;
    return true;
  }

  #open(): GrpcStream {
    const { cluster, authority, metadata } = this.#settings.target;
    const stream = openGrpcStream(
      this.#parts.clusters,
      { cluster, path: METHOD, authority, metadata, timeoutMs: 0, maxResponseBytes: MAX_ANSWER_BYTES },
      {
        onRoom: () => (this.#waiting = 0),
        onEnd: () => this.#ended(stream),
      },
    );
    return stream;
  }

  #ended(stream: GrpcStream): void {
    if (this.#stream !== stream) return;
    this.#stream = undefined;
    this.#counts.dropped.add(this.#waiting);
    this.#waiting = 0;
  }

  #identifier(): Uint8Array {
    const { node } = this.#parts;
    const identifier = { logName: this.#settings.logName, ...(node && { node }) };
    return toBinary(StreamAccessLogsMessageSchema, create(StreamAccessLogsMessageSchema, { identifier }));
  }
}
