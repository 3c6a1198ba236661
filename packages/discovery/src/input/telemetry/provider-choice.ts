// Which providers hold, after several Telemetries have spoken one after the other.
import type { ExtensionProvider, TrafficMode } from '@meltemi/config';

interface Naming {
  readonly providers?: readonly { readonly name: string }[];
}

/** Each entry with the providers that it is about: those that it names, else those of the entry before it. */
export function withProviders<Entry extends Naming>(
  entries: readonly Entry[],
  defaults: readonly string[],
): readonly { readonly entry: Entry; readonly names: readonly string[] }[] {
  let names = defaults;
  return entries.map((entry) => {
    const own = (entry.providers ?? []).map(({ name }) => name);
    if (own.length > 0) names = own;
    return { entry, names };
  });
}

export function providerByName(
  providers: readonly ExtensionProvider[],
  name: string | undefined,
): ExtensionProvider | undefined {
  return name === undefined
    ? undefined
    : providers.find((provider) => provider.name.toLowerCase() === name.toLowerCase());
}

/** Gateways and outbound listeners are clients. */
export function isOf(wanted: TrafficMode | undefined, mode: 'CLIENT' | 'SERVER'): boolean {
  return wanted === undefined || wanted === 'CLIENT_AND_SERVER' || wanted === mode;
}
