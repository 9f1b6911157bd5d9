import { parseLogLine } from '../../../cli/src/bench/node-log.ts';
import { NodeMetrics } from '../../../cli/src/bench/node-metrics.ts';

test('a line of a node says when and what; a line that is half there says nothing', () => {
  const line = '{"level":30,"time":"2026-01-02T03:04:05.678Z","port":4711,"msg":"http listens"}';
  const time = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
  expect(parseLogLine(line)).toEqual([{ time, message: 'http listens', port: 4711 }]);
  expect(parseLogLine(line.slice(0, -5))).toEqual([]);
  expect(parseLogLine('null')).toEqual([]);
  expect(parseLogLine('')).toEqual([]);
});

test('a metric is found by its whole name and its label', () => {
  const metrics = new NodeMetrics(`# HELP nodejs_eventloop_lag_max_seconds The maximum.
nodejs_eventloop_lag_max_seconds_more 9
nodejs_eventloop_lag_max_seconds{cluster="c"} 0.025
synod_messages_sent_total{type="p2a",cluster="c"} 7
synod_messages_sent_total{type="chunk",cluster="c"} 12
`);
  expect(metrics.heldMs).toBe(25);
  expect(metrics.chunksSent).toBe(12);
  expect(metrics.value('absent')).toBeNaN();
});
