// Which side of an HTTP/2 connection we are.

export type Http2Role = 'server' | 'client';
