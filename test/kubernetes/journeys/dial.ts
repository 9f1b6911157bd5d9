import { connect, type Socket } from 'node:net';

/** A node that is lost refuses nothing. */
const DIAL_MS = 1_000;

/** @returns `undefined` when nobody answers */
export async function dial(host: string, port: number): Promise<Socket | undefined> {
  const socket = connect({ host, port, timeout: DIAL_MS });
  const isOpen = await new Promise<boolean>((resolve) => {
    socket.once('connect', () => resolve(true));
    for (const end of ['error', 'timeout', 'close']) socket.once(end, () => resolve(false));
  });
  socket.setTimeout(0);
  socket.on('error', () => socket.destroy());
  if (isOpen) return socket;
  socket.destroy();
  return undefined;
}
