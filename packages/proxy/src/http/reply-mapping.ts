// `local_reply_config` → what becomes of our own answers: the first mapper that matches changes status, headers and body, then a format writes the body.
import type {
  LocalReplyConfig,
  ResponseMapper,
} from '@meltemi/api/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb';
import type { Dice } from '@meltemi/base';
import { applyHeaderChanges, compileHeaderChanges, type HeaderChange } from '@meltemi/decide';
import {
  type BodyFormat,
  compileBodyFormat,
  compileFilter,
  compileLogValue,
  type EntryFilter,
  type OperatorContext,
} from '@meltemi/telemetry';
import type { Headers } from '@meltemi/wire';
import { filterParts } from '../accesslog/filter-parts.ts';
import { readDataSource } from '../tls/data-source.ts';
import { FilterConfigError } from './http-config-error.ts';
import type { OwnAnswer } from './own-answer.ts';
import type { StreamEntry } from './stream-entry.ts';

/**
 * Rewrites an answer whose `content-type` stands there only where it is not the default; changes its headers in place.
 * `isGrpc`: the body becomes a message, not a line.
 */
export type ReplyMapping = (answer: OwnAnswer, entry: StreamEntry, isGrpc: boolean) => OwnAnswer;

interface Mapper {
  readonly matches: EntryFilter;
  readonly status: number | undefined;
  /** Latin1. */
  readonly body: string | undefined;
  readonly changes: readonly HeaderChange[];
  readonly format: BodyFormat | undefined;
}

export interface ReplyMappingParts {
  readonly dice: Dice;
  readonly accessLogs: OperatorContext;
}

const AS_IT_IS: BodyFormat = {
  contentType: 'text/plain',
  charset: 'latin1',
  render: (entry) => entry.localReplyBody ?? '',
};

/** Undefined: answers stay as they are. Throws FilterConfigError, AccessLogError, DecideError, TlsConfigError. */
export function compileReplyMapping(
  config: LocalReplyConfig | undefined,
  { dice, accessLogs }: ReplyMappingParts,
): ReplyMapping | undefined {
  if (!config) return undefined;
  const mappers = config.mappers.map((mapper, index) => compileMapper(mapper, index, { dice, accessLogs }));
  const standard = config.bodyFormat ? compileBodyFormat(config.bodyFormat, accessLogs) : AS_IT_IS;
  return (answer, entry, isGrpc) => {
    const mapper = mappers.find(({ matches }) => matches(entry));
    const before = answer.headers.get('content-type');
    const status = mapper ? applyMapper(mapper, answer, entry) : answer.status;
    const format = mapper?.format ?? standard;
    const line = formatted(mapper?.body ?? answer.body, format, entry);
    const body = isGrpc && format.contentType === 'application/json' ? line.replace(/\n$/, '') : line;
    const keepsType = before === undefined ? false : body === answer.body;
    const changedType = answer.headers.get('content-type') !== before;
    frame(answer.headers, body, keepsType || changedType ? undefined : format.contentType);
    return { ...answer, status, body };
  };
}

function compileMapper(mapper: ResponseMapper, index: number, { dice, accessLogs }: ReplyMappingParts): Mapper {
  const place = `local_reply_config.mappers[${index}]`;
  if (!mapper.filter) throw new FilterConfigError('BAD_FILTER', `${place}: filter is missing`);
  const { statusCode: status } = mapper;
  if (status !== undefined && (status < 200 || status > 599)) {
    throw new FilterConfigError('BAD_FILTER', `${place}.status_code: ${status} is not in 200 to 599`);
  }
  for (const { header } of mapper.headersToAdd) {
    if (header?.value.includes('%')) compileLogValue(header.value, accessLogs);
  }
  const body = readDataSource(mapper.body);
  return {
    matches: compileFilter(mapper.filter, filterParts(dice)),
    status,
    body: body === undefined ? undefined : Buffer.from(body).toString('latin1'),
    changes: compileHeaderChanges(mapper.headersToAdd, []),
    format: mapper.bodyFormatOverride && compileBodyFormat(mapper.bodyFormatOverride, accessLogs),
  };
}

/** The headers may still tell the status before. */
function applyMapper(mapper: Mapper, { headers, status }: OwnAnswer, entry: StreamEntry): number {
  applyHeaderChanges(mapper.changes, headers, entry);
  entry.responseCode = mapper.status ?? status;
  return entry.responseCode;
}

/** Latin1 in and out. */
function formatted(body: string, { charset, render }: BodyFormat, entry: StreamEntry): string {
  entry.localReplyBody = Buffer.from(body, 'latin1').toString(charset);
  try {
    return Buffer.from(render(entry), charset).toString('latin1');
  } finally {
    entry.localReplyBody = undefined;
  }
}

/** `contentType`: unless one that was chosen stays. */
function frame(headers: Headers, body: string, contentType: string | undefined): void {
  headers.remove('content-length');
  if (body === '') return headers.remove('content-type');
  headers.set('content-length', String(body.length));
  if (contentType !== undefined) headers.set('content-type', contentType);
}
