// Reads a TapConfig: which requests are shown, how much of them, and in which form.
// https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/tap/v3/common.proto
import {
  type OutputConfig,
  OutputSink_Format as Format,
  type TapConfig,
} from '@meltemi/api/envoy/config/tap/v3/common_pb';
import type { MatchPredicate } from '@meltemi/api/envoy/config/common/matcher/v3/matcher_pb';
import type { BodyFormat } from './http-trace.ts';
import { TapConfigError } from './tap-config-error.ts';
import { compileTapMatch, type TapMatch } from './tap-match.ts';

/** Envoy's. */
const DEFAULT_LIMIT = 1024;

export interface TapSettings {
  readonly matches: TapMatch;
  /** Bytes of the bodies that are kept. */
  readonly requestLimit: number;
  readonly responseLimit: number;
  readonly format: BodyFormat;
  readonly sink: TapSink;
}

/** Whoever asked at the admin page, or one file a request, whose names begin so. */
export type TapSink = { readonly kind: 'admin' } | { readonly kind: 'files'; readonly pathPrefix: string };

/** Throws TapConfigError. */
export function tapSettings(config: TapConfig): TapSettings {
  const { match, matchConfig, outputConfig } = config;
  // The older kind of match has the same rules.
  const predicate = match ?? (matchConfig as Pick<MatchPredicate, 'rule'> | undefined);
  if (!predicate) throw new TapConfigError('BAD_MATCH', 'match is missing');
  if (!outputConfig) throw new TapConfigError('BAD_OUTPUT', 'output_config is missing');
  if (config.tapEnabled) throw new TapConfigError('UNSUPPORTED_FIELD', 'tap_enabled is not supported');
  return {
    matches: compileTapMatch(predicate),
    requestLimit: outputConfig.maxBufferedRxBytes ?? DEFAULT_LIMIT,
    responseLimit: outputConfig.maxBufferedTxBytes ?? DEFAULT_LIMIT,
    ...outputOf(outputConfig),
  };
}

function outputOf({ sinks, streaming }: OutputConfig): Pick<TapSettings, 'format' | 'sink'> {
  const [sink, ...others] = sinks;
  if (!sink || others.length > 0) throw new TapConfigError('BAD_OUTPUT', 'output_config has one sink');
  if (streaming) throw new TapConfigError('UNSUPPORTED_FIELD', 'streaming is not supported, traces come whole');
  return { format: formatOf(sink.format), sink: sinkOf(sink.outputSinkType) };
}

function formatOf(format: Format): BodyFormat {
  if (format === Format.JSON_BODY_AS_BYTES) return 'bytes';
  if (format === Format.JSON_BODY_AS_STRING) return 'string';
  throw new TapConfigError('UNSUPPORTED_FIELD', `format ${Format[format]} is not supported`);
}

function sinkOf(type: OutputConfig['sinks'][number]['outputSinkType']): TapSink {
  switch (type.case) {
    case 'streamingAdmin':
      return { kind: 'admin' };
    case 'filePerTap':
      return { kind: 'files', pathPrefix: type.value.pathPrefix };
    default:
      throw new TapConfigError('UNSUPPORTED_FIELD', `sink ${type.case ?? 'of no kind'} is not supported`);
  }
}
