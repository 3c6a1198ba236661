// AccessLogInput → the access logs of a listener's filter.
import { create } from '@bufbuild/protobuf';
import { packAny } from '@meltemi/api';
import { type AccessLog, AccessLogSchema } from '@meltemi/api/envoy/config/accesslog/v3/accesslog_pb';
import { FileAccessLogSchema } from '@meltemi/api/envoy/extensions/access_loggers/file/v3/file_pb';
import type { AccessLogInput } from '../input/listener-input.ts';

export function accessLogs({ file, format }: AccessLogInput): AccessLog[] {
  if (!file) return [];
  const log = create(FileAccessLogSchema, {
    path: file,
    ...(format && {
      accessLogFormat: {
        case: 'logFormat',
        value: { format: { case: 'textFormatSource', value: { specifier: { case: 'inlineString', value: format } } } },
      },
    }),
  });
  return [
    create(AccessLogSchema, {
      name: 'envoy.access_loggers.file',
      configType: { case: 'typedConfig', value: packAny(FileAccessLogSchema, log) },
    }),
  ];
}
