// Serves envoy.service.accesslog.v3.AccessLogService: what an Envoy logs is reported to the policy.
import { create } from '@bufbuild/protobuf';
import { AccessLogType } from '@meltemi/api/envoy/data/accesslog/v3/accesslog_pb';
import {
  AccessLogService,
  type StreamAccessLogsMessage,
  type StreamAccessLogsResponse,
  StreamAccessLogsResponseSchema,
} from '@meltemi/api/envoy/service/accesslog/v3/als_pb';
import type { Attributes } from '@meltemi/api/mixer';
import { type GrpcCall, type GrpcReply, type GrpcService, grpcService } from '@meltemi/rpc';

import { AttributeBag } from '../attributes/attribute-bag.ts';
import type { MixerServiceOptions } from '../serve/answer-call.ts';

import { callerAttributes } from './call-attributes.ts';
import { connectionLogAttributes, requestLogAttributes } from './log-attributes.ts';

export function accessLogService({ policy, metrics }: MixerServiceOptions): GrpcService {
  return {
    definition: grpcService(AccessLogService),
    implementation: {
      StreamAccessLogs: (
        call: GrpcCall<StreamAccessLogsMessage, StreamAccessLogsResponse>,
        reply: GrpcReply<StreamAccessLogsResponse>,
      ) => {
        const caller = callerAttributes(call.metadata);
        call.on('data', (message: StreamAccessLogsMessage) => {
          const { engine, vocabulary } = policy();
          for (const attributes of loggedAttributes(message, caller)) {
            engine.report(AttributeBag.of(vocabulary, attributes));
            metrics.handled('AccessLog', 0);
          }
        });
        call.on('end', () => reply(null, create(StreamAccessLogsResponseSchema)));
        // A stream that breaks off is opened again by its Envoy.
        call.on('error', () => undefined);
      },
    },
  };
}

/** Of what is over: other entries say how something goes on. */
function loggedAttributes({ logEntries }: StreamAccessLogsMessage, caller: Attributes): readonly Attributes[] {
  switch (logEntries.case) {
    case 'httpLogs':
      return logEntries.value.logEntry
        .filter(({ commonProperties: common }) => isOver(common?.accessLogType, AccessLogType.DownstreamEnd))
        .map((entry) => requestLogAttributes(entry, caller));
    case 'tcpLogs':
      return logEntries.value.logEntry
        .filter(({ commonProperties: common }) => isOver(common?.accessLogType, AccessLogType.TcpConnectionEnd))
        .map((entry) => connectionLogAttributes(entry, caller));
    case undefined:
      return [];
  }
}

/** Older Envoys don't say what an entry is for. */
function isOver(type: AccessLogType | undefined, end: AccessLogType): boolean {
  return type === undefined || type === AccessLogType.NotSet || type === end;
}
