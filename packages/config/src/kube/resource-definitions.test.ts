// The definitions have Istio's names, and take what our own decoder takes.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { resourceDefinitions } from './resource-definitions.ts';

interface Written {
  readonly names: { readonly shortNames?: readonly string[]; readonly singular: string };
  readonly versions: readonly {
    readonly name: string;
    readonly storage: boolean;
    readonly additionalPrinterColumns: readonly { readonly name: string }[];
  }[];
}

/** Of Istio 1.31: name, short name, versions with the stored one marked, columns where there is more than the age. */
const ISTIO = `
trafficextensions.extensions.istio.io - v1alpha1*
wasmplugins.extensions.istio.io - v1alpha1*
destinationrules.networking.istio.io dr v1* v1alpha3 v1beta1 Host,Age
envoyfilters.networking.istio.io - v1alpha3*
gateways.networking.istio.io gw v1* v1alpha3 v1beta1
proxyconfigs.networking.istio.io - v1beta1*
serviceentries.networking.istio.io se v1* v1alpha3 v1beta1 Hosts,Location,Resolution,Age
sidecars.networking.istio.io - v1* v1alpha3 v1beta1
virtualservices.networking.istio.io vs v1* v1alpha3 v1beta1 Gateways,Hosts,Age
workloadentries.networking.istio.io we v1* v1alpha3 v1beta1 Age,Address
workloadgroups.networking.istio.io wg v1* v1alpha3 v1beta1
authorizationpolicies.security.istio.io ap v1* v1beta1 Action,Age
peerauthentications.security.istio.io pa v1* v1beta1 Mode,Age
requestauthentications.security.istio.io ra v1* v1beta1
telemetries.telemetry.istio.io telemetry v1 v1alpha1*`;

test('names, versions and columns are those of Istio', () => {
  const lines = resourceDefinitions().map(({ metadata, spec }) => {
    const { names, versions } = spec as unknown as Written;
    const columns = versions[0]!.additionalPrinterColumns.map(({ name }) => name).join(',');
    const served = versions.map(({ name, storage }) => `${name}${storage ? '*' : ''}`).toSorted();
    const words = [metadata.name, names.shortNames?.join(',') ?? '-', ...served];
    return [...words, ...(columns === 'Age' ? [] : [columns])].join(' ');
  });
  for (const line of ISTIO.trim().split('\n')) assert.ok(lines.includes(line), line);
  assert.equal(lines.filter((line) => line.includes('config.istio.io - v1alpha2*')).length > 3, true);
  assert.equal(new Set(lines).size, lines.length);
});
