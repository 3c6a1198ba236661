// Asks the control plane what is wrong with the configuration it has read.
import type { Problem } from '@meltemi/base';

/** The problems, or none when the control plane does not answer within a second. */
export async function fetchProblems(http: string): Promise<readonly Problem[]> {
  try {
    const response = await fetch(`http://${http}/debug/problems`, { signal: AbortSignal.timeout(1_000) });
    return response.ok ? ((await response.json()) as readonly Problem[]) : [];
  } catch {
    return [];
  }
}
