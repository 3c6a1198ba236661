// Turns the compressor's messages into the rules of its two directions.
import type {
  Compressor,
  Compressor_CommonDirectionConfig as CommonDirection,
  CompressorPerRoute,
} from '@meltemi/api/envoy/extensions/filters/http/compressor/v3/compressor_pb';
import { FilterConfigError } from '../../http-config-error.ts';
import type { Compression } from './compression.ts';
import { compressorLibrary } from './compressor-library.ts';

export interface DirectionRules {
  readonly enabled: boolean;
  /** Bytes, where the message says its length. */
  readonly minLength: number;
  /** Media types in lower case. */
  readonly contentTypes: ReadonlySet<string>;
}

export interface ResponseRules extends DirectionRules {
  /** False: none with an ETag is compressed. */
  readonly compressesTagged: boolean;
  /** Strong ETags become weak ones; else they go. */
  readonly weakensTags: boolean;
  readonly removesAcceptEncoding: boolean;
  readonly uncompressible: ReadonlySet<number>;
  /** Answers with `x-envoy-compression-status`. */
  readonly saysStatus: boolean;
}

/** What a route says; undefined where the filter's own word counts. */
export interface RouteRules {
  readonly enabled: boolean | undefined;
  readonly removesAcceptEncoding: boolean | undefined;
  readonly library: Compression | undefined;
}

const MIN_LENGTH = 30;

const CONTENT_TYPES: ReadonlySet<string> = new Set([
  'text/html',
  'text/plain',
  'text/css',
  'application/javascript',
  'application/x-javascript',
  'text/javascript',
  'text/x-javascript',
  'text/ecmascript',
  'text/js',
  'text/jscript',
  'text/x-js',
  'application/ecmascript',
  'application/x-json',
  'application/xml',
  'application/json',
  'image/svg+xml',
  'text/xml',
  'application/xhtml+xml',
  'application/grpc-web',
  'application/grpc-web+proto',
]);

/** Requests are compressed only where the message speaks of them. */
export function requestRules({ requestDirectionConfig: direction }: Compressor): DirectionRules {
  const rules = directionRules(direction?.commonConfig);
  return direction ? rules : { ...rules, enabled: false };
}

/** Where nothing is said of responses, the message's own older fields count. */
export function responseRules(config: Compressor): ResponseRules {
  const direction = config.responseDirectionConfig;
  return {
    ...directionRules(direction ? direction.commonConfig : olderFields(config)),
    compressesTagged: !(direction ?? config).disableOnEtagHeader || (direction?.weakenEtagOnCompress ?? false),
    weakensTags: direction?.weakenEtagOnCompress ?? false,
    removesAcceptEncoding: (direction ?? config).removeAcceptEncodingHeader,
    uncompressible: new Set(direction?.uncompressibleResponseCodes),
    saysStatus: direction?.statusHeaderEnabled ?? false,
  };
}

/** Throws FilterConfigError. */
export function routeRules({ override }: CompressorPerRoute): RouteRules {
  if (override.case === 'disabled' && override.value)
    return { enabled: false, removesAcceptEncoding: undefined, library: undefined };
  if (override.case !== 'overrides')
    throw new FilterConfigError('BAD_FILTER', 'compressor: a route says disabled or overrides');
  const { responseDirectionConfig: direction, compressorLibrary: library } = override.value;
  return {
    enabled: direction ? true : undefined,
    removesAcceptEncoding: direction?.removeAcceptEncodingHeader,
    library: library && compressorLibrary(library),
  };
}

type DirectionFields = Pick<CommonDirection, 'enabled' | 'minContentLength' | 'contentType'>;

function olderFields({ runtimeEnabled, contentLength, contentType }: Compressor): DirectionFields {
  return { enabled: runtimeEnabled, minContentLength: contentLength, contentType };
}

function directionRules(fields: DirectionFields | undefined): DirectionRules {
  const types = fields?.contentType ?? [];
  return {
    enabled: fields?.enabled?.defaultValue ?? true,
    minLength: fields?.minContentLength || MIN_LENGTH,
    contentTypes: types.length > 0 ? new Set(types.map((type) => type.toLowerCase())) : CONTENT_TYPES,
  };
}
