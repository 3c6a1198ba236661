// What went wrong between us and a Kubernetes API server, as one typed error.

/**
 * `kubeconfig`: the way to the server can't be read. `status`: it answered, and refused. `gone`: what was asked for
 * starts from is no longer kept (410). `network`: no answer, or one that broke off. `answer`: it can't be understood.
 */
export type KubeErrorCode = 'kubeconfig' | 'status' | 'gone' | 'network' | 'answer';

export class KubeError extends Error {
  readonly code: KubeErrorCode;
  /** Of HTTP, where the server answered; else 0. */
  readonly status: number;

  constructor(code: KubeErrorCode, message: string, options: ErrorOptions & { readonly status?: number } = {}) {
    super(message, options);
    this.name = 'KubeError';
    this.code = code;
    this.status = options.status ?? 0;
  }
}
