// Namespaces of Kubernetes itself, where no workload of a mesh runs.

export const LEFT_ALONE: ReadonlySet<string> = new Set(['kube-system', 'kube-public', 'kube-node-lease']);
