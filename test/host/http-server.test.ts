import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { HttpListenError, startHttp, type HttpServer } from '../../host/src/http-server.ts';

let http: HttpServer;
let isReady: boolean;
let failures: string[];
/** How often the metrics were written, and the clock. */
let written: number;
let now: number;

const options = {
  host: '127.0.0.1',
  port: 0,
  sources: {
    readiness: () => ({ ready: isReady, reason: 'not yet.' }),
    metrics: () => {
      written += 1;
      return Promise.resolve({ contentType: 'text/plain; version=0.0.4', text: `a ${written}\n` });
    },
  },
  now: () => now,
  readyz: 'whether it is ready',
  failed: (error: Error, url: string) => void failures.push(`${url}: ${error.message}`),
};

beforeEach(async () => {
  isReady = false;
  failures = [];
  [written, now] = [0, 0];
  const status = { what: 'what it says of itself', show: () => ({ ready: isReady }) };
  http = await startHttp({ ...options, pages: { '/status': status } });
});

afterEach(async () => {
  await http.close();
});

async function get(path: string, port = http.port): Promise<[number, string]> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`);
  return [response.status, await response.text()];
}

test('it lives, and says when it is ready', async () => {
  expect(await get('/healthz')).toEqual([200, 'The event loop turns.\n']);
  expect(await get('/readyz')).toEqual([503, 'Not ready: not yet.\n']);
  isReady = true;
  expect(await get('/readyz')).toEqual([200, 'Ready.\n']);
});

test('metrics are of the type that they say', async () => {
  const response = await fetch(`http://127.0.0.1:${http.port}/metrics`);
  expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4');
  expect(await response.text()).toBe('a 1\n');
});

test('another page is shown as it is by then', async () => {
  expect(await get('/status')).toEqual([200, '{"ready":false}']);
  isReady = true;
  expect(await get('/status')).toEqual([200, '{"ready":true}']);
});

test('what throws is an error to whoever asked, and is said; the next one is answered', async () => {
  const thrown = (): never => {
    throw new Error('it is gone');
  };
  const sources = { readiness: thrown, metrics: thrown };
  const pages = { '/status': { what: 'what it says of itself', show: thrown } };
  const failing = await startHttp({ ...options, sources, pages });
  try {
    for (const path of ['/status', '/metrics', '/readyz', '/status']) {
      const [code, text] = await get(path, failing.port);
      expect([code, text]).toEqual([500, 'This failed here, and the log says where: it is gone\n']);
    }
    expect(failures).toEqual([
      '/status: it is gone',
      '/metrics: it is gone',
      '/readyz: it is gone',
      '/status: it is gone',
    ]);
    expect((await get('/healthz', failing.port))[0]).toBe(200);
  } finally {
    await failing.close();
  }
});

test('what there is not is answered with what there is', async () => {
  const bare = await startHttp(options);
  const there =
    '/metrics (metrics for Prometheus), /healthz (whether the process lives), ' +
    '/readyz (whether it is ready)';
  const absent = (path: string) => `There is no GET ${path} here. There is GET of ${there}`;
  try {
    expect(await get('/status', bare.port)).toEqual([404, `${absent('/status')}.\n`]);
    const more = `${absent('/')}, /status (what it says of itself).\n`;
    expect(await get('/')).toEqual([404, more]);
  } finally {
    await bare.close();
  }
});

test('a port that is taken is said', async () => {
  const second = startHttp({ ...options, port: http.port });
  await expect(second).rejects.toThrow(HttpListenError);
  await expect(second).rejects.toThrow(
    `The HTTP server cannot listen on 127.0.0.1, port ${http.port}: the port is in use; choose another with --http-port.`,
  );
});

/** A connection that stays open, and has said so much. */
async function dial(said = '', port = http.port): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  socket.write(said);
  return socket;
}

const REQUEST = 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n';

test('of too many connections the one that was idle for the longest time is closed', async () => {
  const [asking, idlest] = [await dial(), await dial()];
  const others = await Promise.all(Array.from({ length: 62 }, () => dial()));
  asking.write(REQUEST);
  await once(asking, 'data');
  const closed = once(idlest, 'close');
  const late = await dial(REQUEST);
  await Promise.all([once(late, 'data'), closed]);
  asking.write(REQUEST);
  await once(asking, 'data');
  for (const socket of [asking, late, ...others]) {
    expect(socket.destroyed).toBe(false);
    socket.destroy();
  }
});

test('a connection on which nothing happens is closed in time, wherever it stands', async () => {
  const sockets = await Promise.all([dial(), dial(REQUEST), dial('GET /healthz HT')]);
  for (const socket of sockets) socket.resume();
  await Promise.all(sockets.map((socket) => once(socket, 'close')));
});

/** All that comes until the connection is closed by the other end. */
async function heard(socket: Socket): Promise<string> {
  const data: Buffer[] = [];
  socket.on('data', (bytes: Buffer) => data.push(bytes));
  await once(socket, 'close');
  return Buffer.concat(data).toString();
}

test.each(['/metrics', '/status', '/healthz', '/nothing'])(
  'who asks for %s again before it is answered is cut off, with all that it has sent',
  async (path) => {
    const request = `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`;
    const socket = await dial(request.repeat(1_700));
    const answers = (await heard(socket)).split('HTTP/1.1').length - 1;
    expect(answers).toBeLessThanOrEqual(1);
    expect(written).toBeLessThanOrEqual(1);
    // Only it is: the next one is answered.
    expect((await get('/healthz'))[0]).toBe(200);
  },
);

test('a request of a connection that was cut off is not heard', async () => {
  let asked = 0;
  const readiness = (): { ready: boolean; reason: string } => {
    asked += 1;
    return { ready: true, reason: '' };
  };
  const counting = await startHttp({ ...options, sources: { ...options.sources, readiness } });
  try {
    const request = 'GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n';
    await heard(await dial(request.repeat(1_700), counting.port));
    expect(asked).toBe(1);
  } finally {
    await counting.close();
  }
});

test('a connection that waits for each answer asks as often as it likes', async () => {
  const socket = await dial();
  for (const path of ['/metrics', '/healthz', '/status', '/nothing', '/metrics']) {
    socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
    await once(socket, 'data');
  }
  expect(socket.destroyed).toBe(false);
  socket.destroy();
});

test('metrics are written once for all who ask within a quarter of a second', async () => {
  const at = async (ms: number): Promise<string[]> => {
    now = ms;
    const answers = await Promise.all([get('/metrics'), get('/metrics'), get('/metrics')]);
    return answers.map(([, text]) => text);
  };
  expect(await at(0)).toEqual(['a 1\n', 'a 1\n', 'a 1\n']);
  expect(await at(249)).toEqual(['a 1\n', 'a 1\n', 'a 1\n']);
  expect(await at(250)).toEqual(['a 2\n', 'a 2\n', 'a 2\n']);
  expect(written).toBe(2);
});
