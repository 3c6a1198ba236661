// The .proto files of the npm package → the same with fields that Envoy has had since, by their numbers in Envoy 1.40.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What stands in `file` gets `text` behind it, or in its place where the message has another type since. */
interface Insertion {
  readonly file: string;
  /** Its first occurrence counts. */
  readonly after: string;
  readonly text: string;
  readonly instead?: boolean;
}

const ROUTE = 'envoy/config/route/v3/route_components.proto';
const FILTERS = 'envoy/extensions/filters/http';
const LOCAL = `${FILTERS}/local_ratelimit/v3/local_rate_limit.proto`;
const GLOBAL = `${FILTERS}/ratelimit/v3/rate_limit.proto`;
const COMMON = 'envoy/extensions/common/ratelimit/v3/ratelimit.proto';
const ZIPKIN = 'envoy/config/trace/v3/zipkin.proto';
const SERVICE = 'envoy/service/ratelimit/v3/rls.proto';

const INSERTIONS: readonly Insertion[] = [
  {
    file: ROUTE,
    after: '\nmessage RateLimit {',
    text: `
  message HitsAddend {
    google.protobuf.UInt64Value number = 1;
    string format = 2;
    bool is_negative_hits = 3;
  }
  enum XRateLimitOption {
    UNSPECIFIED = 0;
    OFF = 1;
    DRAFT_VERSION_03 = 2;
  }
  HitsAddend hits_addend = 5;
  bool apply_on_stream_done = 6;
  XRateLimitOption x_ratelimit_option = 7;
`,
  },
  {
    file: ROUTE,
    after: '    oneof action_specifier {',
    text: '\n      QueryParameters query_parameters = 12;',
  },
  {
    file: ROUTE,
    after: '"envoy.api.v2.route.RateLimit.Action";',
    text: `
    message QueryParameters {
      string query_parameter_name = 1;
      string descriptor_key = 2;
      bool skip_if_absent = 3;
    }
`,
  },
  {
    file: 'envoy/config/core/v3/protocol.proto',
    after: '\nmessage HttpProtocolOptions {',
    text: '\n  google.protobuf.UInt32Value max_response_headers_kb = 7;\n',
  },
  {
    file: LOCAL,
    after: 'import "envoy/config/core/v3/base.proto";',
    text: '\nimport "envoy/config/route/v3/route_components.proto";',
  },
  {
    file: LOCAL,
    after: '\nmessage LocalRateLimit {',
    text: `
  repeated config.route.v3.RateLimit rate_limits = 17;
  google.protobuf.UInt32Value max_dynamic_descriptors = 18;
  bool enable_retry_after_header = 19;
`,
  },
  {
    file: GLOBAL,
    after: '\nmessage RateLimit {',
    text: `
  config.core.v3.RuntimeFractionalPercent filter_enabled = 14;
  config.core.v3.RuntimeFractionalPercent filter_enforced = 15;
  config.core.v3.RuntimeFractionalPercent failure_mode_deny_percent = 16;
  repeated config.route.v3.RateLimit rate_limits = 17;
  string metadata_namespace = 18;
  bool enable_retry_after_header = 19;
`,
  },
  {
    file: GLOBAL,
    after: '  repeated RateLimitConfig rate_limits = 3;',
    text: '  repeated config.route.v3.RateLimit rate_limits = 3;',
    instead: true,
  },
  {
    file: COMMON,
    after: 'import "envoy/type/v3/token_bucket.proto";',
    text: '\nimport "google/protobuf/wrappers.proto";',
  },
  {
    file: COMMON,
    after: '\nmessage RateLimitDescriptor {',
    text: `
  google.protobuf.UInt64Value hits_addend = 3;
  bool is_negative_hits = 4;
`,
  },
  { file: COMMON, after: '\nmessage LocalRateLimitDescriptor {', text: '\n  bool shadow_mode = 3;\n' },
  { file: SERVICE, after: '      HOUR = 3;', text: '\n      WEEK = 7;' },
  {
    file: `${FILTERS}/stateful_session/v3/stateful_session.proto`,
    after: '\nmessage StatefulSession {',
    text: `
  string stat_prefix = 3;
  uint32 status_on_strict_destination_not_found = 4;
`,
  },
  {
    file: 'envoy/type/http/v3/cookie.proto',
    after: '\nmessage Cookie {',
    text: `
  message Attribute {
    string name = 1;
    string value = 2;
  }
  repeated Attribute attributes = 4;
`,
  },
  {
    file: `${FILTERS}/set_filter_state/v3/set_filter_state.proto`,
    after: '\nmessage Config {',
    text: '\n  bool clear_route_cache = 2;\n',
  },
  {
    file: `${FILTERS}/compressor/v3/compressor.proto`,
    after: '\n  message ResponseDirectionConfig {',
    text: `
    repeated uint32 uncompressible_response_codes = 4;
    bool status_header_enabled = 5;
    bool weaken_etag_on_compress = 6;
`,
  },
  {
    file: `${FILTERS}/compressor/v3/compressor.proto`,
    after: '\nmessage CompressorOverrides {',
    text: '\n  config.core.v3.TypedExtensionConfig compressor_library = 2;\n',
  },
  {
    file: `${FILTERS}/adaptive_concurrency/v3/adaptive_concurrency.proto`,
    after: '\n  message ConcurrencyLimitCalculationParams {',
    text: '\n    google.protobuf.UInt32Value min_concurrency_limit = 4;\n',
  },
  {
    file: `${FILTERS}/adaptive_concurrency/v3/adaptive_concurrency.proto`,
    after: '\n  message MinimumRTTCalculationParams {',
    text: '\n    google.protobuf.Duration fixed_value = 6;\n',
  },
  {
    file: ZIPKIN,
    after: 'import "google/protobuf/wrappers.proto";',
    text: '\nimport "envoy/config/core/v3/http_service.proto";',
  },
  {
    file: ZIPKIN,
    after: '\nmessage ZipkinConfig {',
    text: `
  enum TraceContextOption {
    USE_B3 = 0;
    USE_B3_WITH_W3C_PROPAGATION = 1;
  }
  TraceContextOption trace_context_option = 8;
  core.v3.HttpService collector_service = 9;
`,
  },
];

/** `protos`: the folder of the files, which are changed in place. Throws where a file is not as it was. */
export function insertNewerFields(protos: string): void {
  for (const { file, after, text, instead = false } of INSERTIONS) {
    const path = join(protos, file);
    const proto = readFileSync(path, 'utf8');
    const at = proto.indexOf(after);
    if (at < 0) throw new Error(`${file}: "${after.trim()}" is not there`);
    const end = at + after.length;
    writeFileSync(path, proto.slice(0, instead ? at : end) + text + proto.slice(end));
  }
}
