// Holds the options of HTTP/1.1 and HTTP/2 to being honoured or refused by name, each one of them.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { Http1ProtocolOptionsSchema, Http2ProtocolOptionsSchema } from '@meltemi/api/envoy/config/core/v3/protocol_pb';
import { http1Options, refusedHttp1Option } from './http1-options.ts';
import { http2Limits, pingSettings, refusedHttp2Option } from './http2-options.ts';

const http1 = (fields: MessageInitShape<typeof Http1ProtocolOptionsSchema>) =>
  create(Http1ProtocolOptionsSchema, fields);
const http2 = (fields: MessageInitShape<typeof Http2ProtocolOptionsSchema>) =>
  create(Http2ProtocolOptionsSchema, fields);

describe('options of HTTP/1.1', () => {
  it('refuse by name what is not done, and take what is', () => {
    const asked = [
      http1({ allowAbsoluteUrl: false }),
      http1({ defaultHostForHttp10: 'a.test' }),
      http1({ headerKeyFormat: { headerFormat: { case: 'statefulFormatter', value: { name: 'mine' } } } }),
      http1({ headerKeyFormat: { headerFormat: { case: 'properCaseWords', value: {} } } }),
      http1({ allowChunkedLength: true }),
      http1({ overrideStreamErrorOnInvalidHttpMessage: true }),
      http1({ sendFullyQualifiedUrl: true }),
      http1({ allowAbsoluteUrl: true, acceptHttp10: true, enableTrailers: true, allowCustomMethods: true }),
      http1({ overrideStreamErrorOnInvalidHttpMessage: false, useBalsaParser: true }),
    ];
    assert.deepEqual(asked.map(refusedHttp1Option), [
      'allow_absolute_url: false',
      'default_host_for_http_10',
      'header_key_format.stateful_formatter',
      undefined,
      'allow_chunked_length',
      'override_stream_error_on_invalid_http_message',
      'send_fully_qualified_url',
      undefined,
      undefined,
    ]);
    assert.deepEqual([undefined, http1({ enableTrailers: true })].map(http1Options), [
      { trailers: false, spelling: undefined, memory: undefined },
      { trailers: true, spelling: undefined, memory: undefined },
    ]);
  });
});

describe('options of HTTP/2', () => {
  it('become limits of the codec; what is not said stays its default', () => {
    const options = http2({
      hpackTableSize: 0,
      maxConcurrentStreams: 1,
      initialStreamWindowSize: 65_535,
      initialConnectionWindowSize: 65_536,
      allowConnect: true,
      maxOutboundFrames: 2,
      maxOutboundControlFrames: 3,
      maxConsecutiveInboundFramesWithEmptyPayload: 0,
      maxInboundPriorityFramesPerStream: 5,
      maxInboundWindowUpdateFramesPerDataFrameSent: 6,
    });
    assert.equal(refusedHttp2Option(options), undefined);
    assert.deepEqual(http2Limits(options), {
      tableBytes: 0,
      maxConcurrentStreams: 1,
      streamWindow: 65_535,
      connectionWindow: 65_536,
      extendedConnect: true,
      maxQueuedFrames: 2,
      maxQueuedReplies: 3,
      maxEmptyFrames: 0,
      maxPriorities: 5,
      windowUpdatesPerData: 6,
    });
    assert.deepEqual([http2Limits(http2({})), http2Limits(undefined)], [{}, {}]);
  });

  it('set the rhythm of PINGs', () => {
    const keepalive = { interval: { seconds: 30n, nanos: 0 }, timeout: { seconds: 5n, nanos: 0 } };
    assert.deepEqual(pingSettings(http2({ connectionKeepalive: keepalive })), {
      intervalMs: 30_000,
      jitter: 0.15,
      timeoutMs: 5000,
      idleMs: 0,
    });
    assert.equal(pingSettings(http2({})), undefined);
  });

  it('refuse by name what is not done or has no meaning', () => {
    const refused = [
      http2({ allowMetadata: true }),
      http2({ customSettingsParameters: [{ identifier: 9, value: 1 }] }),
      http2({ maxConcurrentStreams: 0 }),
      http2({ initialStreamWindowSize: 65_534 }),
      http2({ initialConnectionWindowSize: 2 ** 31 }),
      http2({ maxOutboundFrames: 0 }),
      http2({ maxOutboundControlFrames: 0 }),
      http2({ maxInboundWindowUpdateFramesPerDataFrameSent: 0 }),
      http2({ connectionKeepalive: {} }),
    ].map(refusedHttp2Option);
    assert.deepEqual(refused, [
      'allow_metadata',
      'custom_settings_parameters',
      'max_concurrent_streams',
      'initial_stream_window_size',
      'initial_connection_window_size',
      'max_outbound_frames',
      'max_outbound_control_frames',
      'max_inbound_window_update_frames_per_data_frame_sent',
      'connection_keepalive without timeout',
    ]);
  });
});
