import { SharedMetrics, type MetricsText } from '../../host/src/shared-metrics.ts';

test('while they are being written nobody has them written again, however long it takes', async () => {
  const waiting: ((metrics: MetricsText) => void)[] = [];
  let now = 0;
  const shared = new SharedMetrics(
    () => new Promise((resolve) => waiting.push(resolve)),
    () => now,
  );
  const first = shared.read();
  now = 10_000;
  const second = shared.read();
  expect(waiting).toHaveLength(1);
  const metrics = { contentType: 'text/plain', text: 'a 1\n' };
  waiting[0]?.(metrics);
  expect(await Promise.all([first, second])).toEqual([metrics, metrics]);
  expect(await shared.read()).toBe(metrics);
  now += 250;
  void shared.read();
  expect(waiting).toHaveLength(2);
});

test('what failed is told to those who waited for it, and is tried again for the next one', async () => {
  let tries = 0;
  const shared = new SharedMetrics(() => {
    tries += 1;
    return Promise.reject(new Error(`try ${tries}`));
  });
  const both = [shared.read(), shared.read()];
  await Promise.all(both.map((each) => expect(each).rejects.toThrow('try 1')));
  await expect(shared.read()).rejects.toThrow('try 2');
});
