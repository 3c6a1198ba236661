// A minute of the soak: mixed traffic through two sidecars while everything about them changes, and nothing fails or grows.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { soakReport } from '../bench/soak/report.ts';
import { runSoak } from '../bench/soak/soak.ts';

const SECONDS = 60;

test('a minute of mixed traffic under changing configuration fails no request and leaks nothing', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'soak-'));
  try {
    const result = await runSoak({ seconds: SECONDS, directory });
    const { text, missed } = soakReport(result);
    assert.deepEqual(missed, [], text);
    const { routes, endpoints, renames, listeners, kills } = result.churn;
    assert.ok(Math.min(routes, endpoints, renames, listeners, kills) > 0, text);
  } finally {
    rmSync(directory, { recursive: true });
  }
});
