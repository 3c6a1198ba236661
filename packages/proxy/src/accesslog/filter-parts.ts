// What filters of access logs need of the decision kernel: header and metadata matchers and expressions over an entry.
import type { JsonObject } from '@bufbuild/protobuf';
import { create } from '@bufbuild/protobuf';
import { unpackAny } from '@meltemi/api';
import type { ExtensionFilter } from '@meltemi/api/envoy/config/accesslog/v3/accesslog_pb';
import { ExpressionFilterSchema } from '@meltemi/api/envoy/extensions/access_loggers/filters/cel/v3/cel_pb';
import { MetadataMatcherSchema } from '@meltemi/api/envoy/type/matcher/v3/metadata_pb';
import { ValueMatcherSchema } from '@meltemi/api/envoy/type/matcher/v3/value_pb';
import type { Dice } from '@meltemi/base';
import { compileHeaderTest, compileMetadata, type HeaderView } from '@meltemi/decide';
import { type AccessLogEntry, AccessLogError, type FilterParts } from '@meltemi/telemetry';
import { parseExpression } from '../expression/cel.ts';

/** Its matchers throw DecideError. */
export function filterParts(dice: Dice): FilterParts {
  return {
    dice,
    header(matcher) {
      const holds = compileHeaderTest(matcher);
      return (entry) => holds(new EntryHeaders(entry));
    },
    metadata(matcher, otherwise) {
      const { holds } = compileMetadata(matcher);
      const present = create(ValueMatcherSchema, { matchPattern: { case: 'presentMatch', value: true } });
      const { filter, path } = matcher;
      const isThere = compileMetadata(create(MetadataMatcherSchema, { filter, path, value: present }));
      return (entry) => {
        const metadata = entry.metadata as Readonly<Record<string, JsonObject>> | undefined;
        return isThere.holds(metadata) ? holds(metadata) : otherwise;
      };
    },
    extension: expressionFilter,
  };
}

/** What can't be evaluated, as an attribute is absent, doesn't pass. */
function expressionFilter({ name, configType }: ExtensionFilter): ReturnType<FilterParts['header']> | undefined {
  const config = unpackAny(configType.value, ExpressionFilterSchema);
  if (!config) return undefined;
  try {
    const evaluate = parseExpression(config.expression);
    return (entry) => holdsFor(evaluate, entry);
  } catch (error) {
    throw new AccessLogError('UNSUPPORTED_FILTER', `access log filter ${name}: ${(error as Error).message}`);
  }
}

function holdsFor(evaluate: ReturnType<typeof parseExpression>, entry: AccessLogEntry): boolean {
  try {
    return evaluate(entry) === true;
  } catch {
    return false;
  }
}

/** The request's headers, with those that are fields of the request. */
class EntryHeaders implements HeaderView {
  readonly #entry: AccessLogEntry;

  constructor(entry: AccessLogEntry) {
    this.#entry = entry;
  }

  get(name: string): string | undefined {
    switch (name) {
      case ':method':
        return this.#entry.method;
      case ':path':
        return this.#entry.path;
      case ':scheme':
        return this.#entry.scheme;
      case ':authority':
      case 'host':
        return this.#entry.authority;
      default:
        return this.#entry.requestHeaders?.get(name);
    }
  }

  getAll(name: string): readonly string[] {
    const headers = this.#entry.requestHeaders as Partial<HeaderView> | undefined;
    const value = this.get(name);
    return headers?.getAll?.(name) ?? (value === undefined ? [] : [value]);
  }

  has(name: string): boolean {
    return this.get(name) !== undefined;
  }
}
