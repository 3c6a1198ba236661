// Says which parts of a Telemetry have no effect.
import type { ExtensionProvider, Telemetry } from '@meltemi/config';
import { providerByName } from './provider-choice.ts';

interface UnservedField {
  readonly path: string;
  readonly message: string;
}

const KINDS = {
  tracing: ['zipkin', 'opentelemetry'],
  metrics: ['prometheus'],
  accessLogging: ['envoyFileAccessLog', 'envoyHttpAls', 'envoyTcpAls', 'envoyOtelAls'],
} as const;

export function unservedTelemetry(spec: Telemetry, providers: readonly ExtensionProvider[]): readonly UnservedField[] {
  const names = (['tracing', 'metrics', 'accessLogging'] as const).flatMap((purpose) =>
    (spec[purpose] ?? []).flatMap((entry, index) =>
      (entry.providers ?? []).flatMap(({ name }, at) => {
        const message = unserved(providerByName(providers, name), KINDS[purpose], name);
        return message ? [{ path: `spec.${purpose}[${index}].providers[${at}]`, message }] : [];
      }),
    ),
  );
  return [...names, ...(spec.tracing ?? []).flatMap(unservedTracing)];
}

function unserved(
  provider: ExtensionProvider | undefined,
  kinds: readonly (keyof ExtensionProvider)[],
  name: string,
): string | undefined {
  if (!provider) return `the mesh has no provider "${name}"`;
  return kinds.some((kind) => provider[kind]) ? undefined : `the provider "${name}" is not asked for this`;
}

function unservedTracing(
  { customTags = {}, disableContextPropagation }: NonNullable<Telemetry['tracing']>[number],
  index: number,
): readonly UnservedField[] {
  const path = `spec.tracing[${index}]`;
  const formatted = Object.entries(customTags).filter(([, tag]) => tag.formatter);
  return [
    ...formatted.map(([tag]) => ({
      path: `${path}.customTags.${tag}`,
      message: 'tags are of a literal, a variable or a header',
    })),
    ...(disableContextPropagation
      ? [{ path: `${path}.disableContextPropagation`, message: 'the headers of a trace are always passed on' }]
      : []),
  ];
}
