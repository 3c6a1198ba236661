// Settings of a MeshConfig are read; wrong ones are said, and the default holds.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_MESH } from './mesh.ts';
import { meshSettings } from './mesh-config.ts';

test('what is written stands before the defaults', () => {
  const written = { connectTimeout: '2s', outboundTrafficPolicy: { mode: 'REGISTRY_ONLY' }, unheardOf: 1 };
  const { mesh, problems } = meshSettings(written);
  assert.deepEqual(mesh, { ...DEFAULT_MESH, connectTimeoutMs: 2000, outboundTrafficPolicy: 'REGISTRY_ONLY' });
  assert.deepEqual(problems, []);
});

test('a wrong setting is said, and the default holds', () => {
  const { mesh, problems } = meshSettings({ connectTimeout: 'x', outboundTrafficPolicy: { mode: 'ALLOW_SOME' } });
  assert.deepEqual(mesh, DEFAULT_MESH);
  assert.deepEqual(
    problems.map(({ path }) => path),
    ['connectTimeout', 'outboundTrafficPolicy.mode'],
  );
});
