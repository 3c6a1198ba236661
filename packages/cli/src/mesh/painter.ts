// Colours words on a terminal that shows colours; elsewhere, and with NO_COLOR, they stay as they are.
import { styleText } from 'node:util';
import type { Paint } from '@meltemi/local';
import type { MeshProgram } from './mesh-program.ts';

export function painter(program: MeshProgram): Paint {
  return (text, mood) => styleText(mood === 'good' ? 'green' : 'yellow', text, { stream: program.stdout });
}
