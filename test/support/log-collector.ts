// A gRPC server that keeps what proxies tell it: entries of access logs, records and spans of OTLP.
import { fromBinary, toJson, type DescMessage, type DescService, type JsonValue } from '@bufbuild/protobuf';
import { registryOf } from '@meltemi/api';
import { AccessLogService, StreamAccessLogsMessageSchema } from '@meltemi/api/envoy/service/accesslog/v3/als_pb';
import { LogsService } from '@meltemi/api/opentelemetry/proto/collector/logs/v1/logs_service_pb';
import { TraceService } from '@meltemi/api/opentelemetry/proto/collector/trace/v1/trace_service_pb';
import { file_google_protobuf_struct, file_google_protobuf_wrappers } from '@bufbuild/protobuf/wkt';
import { type GrpcCall, type GrpcHandlers, type GrpcReply, grpcService, serveGrpc } from '@meltemi/rpc';

export interface LogCollector {
  readonly port: number;
  /** Messages of streams of access logs, as JSON. */
  readonly streamed: JsonValue[];
  /** Requests to export logs, and spans. */
  readonly logs: JsonValue[];
  readonly traces: JsonValue[];
  close(): Promise<void>;
}

const registry = registryOf(file_google_protobuf_struct, file_google_protobuf_wrappers);

export async function startLogCollector(): Promise<LogCollector> {
  const streamed: JsonValue[] = [];
  const logs: JsonValue[] = [];
  const traces: JsonValue[] = [];
  const server = await serveGrpc({
    address: { host: '127.0.0.1', port: 0 },
    services: [
      {
        definition: grpcService(AccessLogService, { requests: true, responses: true }),
        implementation: {
          StreamAccessLogs(call: GrpcCall<Buffer, Buffer>, answer: GrpcReply<Buffer>) {
            call.on('data', (message: Buffer) => streamed.push(json(StreamAccessLogsMessageSchema, message)));
            call.on('end', () => answer(null, Buffer.alloc(0)));
          },
        },
      },
      exporter(LogsService, logs),
      exporter(TraceService, traces),
    ],
  });
  return { port: server.port, streamed, logs, traces, close: () => server.close(0) };
}

function exporter(service: DescService, kept: JsonValue[]) {
  const implementation: GrpcHandlers = {
    Export(call: GrpcCall<Buffer, Buffer>, answer: GrpcReply<Buffer>) {
      kept.push(json(service.methods[0]!.input, call.request));
      answer(null, Buffer.alloc(0));
    },
  };
  return { definition: grpcService(service, { requests: true, responses: true }), implementation };
}

function json(schema: DescMessage, bytes: Buffer): JsonValue {
  return toJson(schema, fromBinary(schema, bytes), { registry });
}
