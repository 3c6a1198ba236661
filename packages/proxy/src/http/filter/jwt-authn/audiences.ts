// Tells whether a token is for one of the audiences that a provider takes.

/** True for a token with these audiences. Where none are configured, every token will do. */
export type AudienceTest = (audiences: readonly string[]) => boolean;

export function audienceTest(allowed: readonly string[]): AudienceTest {
  if (allowed.length === 0) return () => true;
  const names = new Set(allowed.map(bareAudience));
  return (audiences) => audiences.some((audience) => names.has(bareAudience(audience)));
}

/** Scheme and a slash at the end make no difference, as Envoy has it. */
function bareAudience(audience: string): string {
  return audience.replace(/^https?:\/\//, '').replace(/\/$/, '');
}
