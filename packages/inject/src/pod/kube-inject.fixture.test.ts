// The recorded cases of sidecar injection by Istio 0.2.2.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { fixtureFolder } from '@meltemi/testkit';
import { parseAllDocuments } from 'yaml';

import { injectText } from './inject-text.ts';
import { initializerPatch } from './initializer.ts';
import { injectionRequired } from './injection-decision.ts';
import { answerInjection } from './injection-server.ts';
import type { Fields } from './kubernetes-object.ts';
import { proxySettings } from './proxy-settings.ts';
import { type InjectionPolicy, type InjectSettings, sidecarImages } from './settings.ts';

interface Flags {
  readonly hub: string;
  readonly tag: string;
  readonly initImage?: string;
  readonly proxyImage?: string;
  readonly setVersionString: string;
  readonly verbosity: number;
  readonly sidecarProxyUID: number;
  readonly coreDump: boolean;
  readonly debug: boolean;
  readonly imagePullPolicy: string;
  readonly meshConfigMapName: string;
  readonly includeIPRanges?: string;
}

interface Case {
  readonly name: string;
  readonly kind: 'kube-inject' | 'initializer' | 'http' | 'inject-required';
  readonly input: string;
  readonly expected: string | boolean | null;
  readonly policy: InjectionPolicy;
  readonly flags: Flags;
  readonly mesh: unknown;
  readonly metadata: { readonly namespace: string; readonly annotations?: Readonly<Record<string, string>> };
  readonly managedNamespaces: readonly string[];
  readonly initializerName: string;
  readonly method: string;
  readonly path: string;
  readonly contentType: string | null;
  readonly status: number;
  readonly responseContentType: string | null;
}

const folder = fixtureFolder('kube-inject');
const cases: readonly Case[] =
  folder === undefined ? [] : (JSON.parse(readFileSync(join(folder, 'cases.json'), 'utf8')) as { cases: Case[] }).cases;

test('there are cases to replay', { skip: folder === undefined && '36 cases: no folder of fixtures' }, () => {
  assert.equal(cases.length, 36);
});

for (const recorded of cases) {
  test(recorded.name, () => {
    switch (recorded.kind) {
      case 'kube-inject':
        return replayFile(recorded);
      case 'initializer':
        return replayInitializer(recorded);
      case 'http':
        return replayHttp(recorded);
      case 'inject-required':
        return assert.equal(injectionRequired(recorded.policy, recorded.metadata).inject, recorded.expected);
    }
  });
}

function replayFile(recorded: Case): void {
  const { text, problems } = injectText(read(recorded.input), settingsOf(recorded));
  assert.deepEqual(problems, []);
  assert.deepEqual(documents(text), documents(read(String(recorded.expected))));
}

function replayInitializer(recorded: Case): void {
  const { initializerName: name, managedNamespaces: namespaces } = recorded;
  const object = documents(read(recorded.input))[0] as Fields;
  const patch = initializerPatch(object, { name, namespaces }, settingsOf(recorded));
  const expected: unknown = recorded.expected === null ? undefined : JSON.parse(read(String(recorded.expected)));
  assert.deepEqual(patch, expected);
}

function replayHttp(recorded: Case): void {
  const { method, path } = recorded;
  const request = { method, path, contentType: recorded.contentType ?? undefined, body: read(recorded.input) };
  const answer = answerInjection(request, settingsOf(recorded));
  assert.equal(answer.status, recorded.status);
  assert.equal(answer.contentType, recorded.responseContentType ?? undefined);
  if (recorded.expected !== null) {
    assert.deepEqual(documents(answer.body), documents(read(String(recorded.expected))));
  }
}

function settingsOf({ flags, policy, mesh }: Case): InjectSettings {
  const images = sidecarImages(flags);
  return {
    policy,
    initImage: flags.initImage ?? images.initImage,
    proxyImage: flags.proxyImage ?? images.proxyImage,
    version: flags.setVersionString,
    verbosity: flags.verbosity,
    sidecarProxyUid: flags.sidecarProxyUID,
    coreDump: flags.coreDump,
    debug: flags.debug,
    imagePullPolicy: flags.imagePullPolicy,
    meshConfigMapName: flags.meshConfigMapName,
    traffic: { includeIpRanges: flags.includeIPRanges },
    proxy: proxySettings(mesh).proxy,
  };
}

function read(path: string): string {
  return readFileSync(join(folder!, path), 'utf8');
}

function documents(text: string): readonly unknown[] {
  return parseAllDocuments(text)
    .map((document): unknown => document.toJS())
    .filter((value) => value !== null);
}
