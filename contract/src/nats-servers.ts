const NATS_PORT = 4222;

/** One of the servers that may be connected to. */
export interface NatsServer {
  /** As it is named. */
  readonly url: string;
  /** A name, or an address without brackets. */
  readonly host: string;
  readonly port: number;
}

/**
 * What is no URL is taken for the name of a host, which nobody will find.
 * @param urls of one server, or of several, separated by commas
 */
export function natsServersOf(urls: string): readonly NatsServer[] {
  const all = urls.split(',').map((each) => each.trim());
  return all.filter((each) => each !== '').map(serverOf);
}

function serverOf(url: string): NatsServer {
  const whole = url.includes('://') ? url : `nats://${url}`;
  if (!URL.canParse(whole)) return { url, host: url, port: NATS_PORT };
  const { hostname, port } = new URL(whole);
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  return { url, host, port: port === '' ? NATS_PORT : Number(port) };
}
