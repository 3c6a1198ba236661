// EnvoyFilters whose operation does nothing where it is applied, or depends on the order of filters that nobody says.
import type { Problem } from '@meltemi/base';

import type { EnvoyConfigPatch } from '../model/envoy-filter.ts';
import { CODE } from '../problem-code.ts';
import type { Subject } from './analyzer.ts';
import { findingAt } from './finding.ts';

interface Told {
  readonly code: string;
  readonly message: string;
}

export function analyzeEnvoyFilterOperations({ view }: Subject): Problem[] {
  const versioned = new Set<string>();
  return view.objects('EnvoyFilter').flatMap((resource) =>
    (resource.spec.configPatches ?? []).flatMap((patch, index) => {
      const name = nameOf(patch);
      const told = judge(patch, (resource.spec.priority ?? 0) === 0, versioned.has(name));
      if (patch.match?.proxy?.proxyVersion) versioned.add(name);
      return told ? [findingAt(resource, `spec.configPatches[${index}]`, told)] : [];
    }),
  );
}

const ROUTES: ReadonlySet<string> = new Set(['ROUTE_CONFIGURATION', 'HTTP_ROUTE']);
const REPLACED: ReadonlySet<string> = new Set(['NETWORK_FILTER', 'HTTP_FILTER', 'VIRTUAL_HOST']);
const RELATIVE: ReadonlySet<string> = new Set(['REMOVE', 'REPLACE', 'INSERT_BEFORE', 'INSERT_AFTER']);

function judge({ applyTo, patch }: EnvoyConfigPatch, noPriority: boolean, versioned: boolean): Told | undefined {
  const { operation = 'INVALID' } = patch;
  if (operation === 'ADD' && ROUTES.has(applyTo)) {
    return { code: CODE.addWithoutEffect, message: `ADD does nothing with ${applyTo}` };
  }
  if (operation === 'REMOVE' && ROUTES.has(applyTo)) {
    return { code: CODE.removeWithoutEffect, message: `REMOVE does nothing with ${applyTo}` };
  }
  if (operation === 'REPLACE' && !REPLACED.has(applyTo)) {
    const message = `REPLACE is only for ${[...REPLACED].join(', ')}, not for ${applyTo}`;
    return { code: CODE.replaceWithoutEffect, message };
  }
  return RELATIVE.has(operation) && noPriority ? relative(operation, versioned) : undefined;
}

function relative(operation: string, versioned: boolean): Told {
  const message = `${operation} without a "priority" depends on the order of filters: it may find nothing`;
  const cure = 'give a priority, or use INSERT_FIRST or ADD';
  if (!versioned) return { code: CODE.relativePatch, message: `${message}: ${cure}` };
  const code = CODE.relativePatchOfVersion;
  return { code, message: `${message}, as its filter is patched for one proxyVersion too: ${cure}` };
}

/** The filter that a patch is about: what it brings, else what it looks for. */
function nameOf({ patch, match }: EnvoyConfigPatch): string {
  const { value } = patch;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return '';
  const named = value['name'];
  return typeof named === 'string' ? named : (match?.listener?.filterChain?.filter?.name ?? '');
}
