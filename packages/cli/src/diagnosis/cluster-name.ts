// Istio's cluster names → what they say: direction, port, subset and host.

export interface ClusterName {
  /** Empty for a name that is not of this form. */
  readonly direction: string;
  /** 0 where the name has none. */
  readonly port: number;
  readonly subset: string;
  readonly host: string;
}

/** `outbound|9080|v1|reviews.default.svc.cluster.local`, or with `_.` as a gateway's SNI; else the name is the host. */
export function parseClusterName(name: string): ClusterName {
  const words = name.includes('|') ? name.split('|') : name.split('_.');
  const [direction = '', port = '', subset = '', host = ''] = words;
  if (words.length !== 4 || !/^(in|out)bound/.test(direction))
    return { direction: '', port: 0, subset: '', host: name };
  return {
    direction: direction.replace(/_$/, ''),
    port: Number.parseInt(port, 10) || 0,
    subset: subset.replace(/_$/, ''),
    host,
  };
}
