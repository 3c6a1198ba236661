import assert from 'node:assert/strict';
import { test } from 'node:test';
import { create } from '@bufbuild/protobuf';
import { type CustomTag_Environment, CustomTagSchema } from '@meltemi/api/envoy/type/tracing/v3/custom_tag_pb';
import type { AccessLogEntry } from '@meltemi/telemetry';
import { compileCustomTag } from './custom-tag.ts';

const VARIABLES = new Map([
  ['POD_NAME', 'reviews-v1'],
  ['EMPTY', ''],
]);

function tagOf(environment: Partial<Pick<CustomTag_Environment, 'name' | 'defaultValue'>>): string | undefined {
  const tag = create(CustomTagSchema, { tag: 'pod', type: { case: 'environment', value: environment } });
  return compileCustomTag(tag, (name) => VARIABLES.get(name)).value({} as AccessLogEntry);
}

test('a variable gives the value of its tag, the default where there is none, and no tag where it is empty', () => {
  assert.equal(tagOf({ name: 'POD_NAME', defaultValue: 'other' }), 'reviews-v1');
  assert.equal(tagOf({ name: 'MISSING', defaultValue: 'other' }), 'other');
  assert.equal(tagOf({ name: 'MISSING' }), undefined);
  assert.equal(tagOf({ name: 'EMPTY', defaultValue: 'other' }), undefined);
});

test('a tag of no type, and one of a variable without a name, is refused', () => {
  assert.throws(() => tagOf({ defaultValue: 'other' }), /custom tag pod: environment has no name/);
  assert.throws(() => compileCustomTag(create(CustomTagSchema, { tag: 'pod' }), () => undefined), /it has no type/);
});
