// Telemetry that logs to nobody, or traces to a provider that Istio gave up.
import type { Problem } from '@meltemi/base';

import { CODE } from '../problem-code.ts';
import type { Subject } from './analyzer.ts';
import { findingAt } from './finding.ts';

export function analyzeLogProviders({ view, mesh }: Subject): Problem[] {
  if ((mesh.defaultProviders?.accessLogging ?? []).length > 0) return [];
  return view.objects('Telemetry').flatMap((resource) =>
    (resource.spec.accessLogging ?? []).flatMap(({ disabled, providers = [] }, index) => {
      if (disabled || providers.length > 0) return [];
      const message = 'it names no provider, and the mesh has no default one: nothing is logged';
      return [findingAt(resource, `spec.accessLogging[${index}]`, { code: CODE.noProvider, message })];
    }),
  );
}

export function analyzeLightstep({ view, mesh }: Subject): Problem[] {
  const providers: readonly object[] = mesh.extensionProviders ?? [];
  const lightsteps = new Set(
    providers.flatMap((provider) => ('lightstep' in provider && 'name' in provider ? [provider.name] : [])),
  );
  return view.objects('Telemetry').flatMap((resource) =>
    (resource.spec.tracing ?? []).flatMap(({ providers: named = [] }, index) =>
      named
        .filter(({ name }) => lightsteps.has(name))
        .map(({ name }) => {
          const message = `the Lightstep provider ${name} is deprecated: use OpenTelemetry`;
          return findingAt(resource, `spec.tracing[${index}].providers`, { code: CODE.deprecated, message });
        }),
    ),
  );
}
