// istioctl: reads and writes the configuration of the mesh that runs here.
import { dirname } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

import { systemClock } from '@meltemi/base';
import { configDirectory, istioctl } from '@meltemi/cli';

const root = process.env['MESH_ROOT'] ?? dirname(dirname(fileURLToPath(import.meta.url)));

process.exitCode = await istioctl(process.argv.slice(2), {
  out: (chunk) => void process.stdout.write(chunk),
  error: (chunk) => void process.stderr.write(chunk),
  readStdin: () => text(process.stdin),
  clock: systemClock(),
  configDir: process.env['MELTEMI_CONFIG_DIR'] ?? configDirectory(root),
  version: '0.1.0',
  colours: process.stdout.isTTY && process.env['TERM'] !== 'dumb',
});
