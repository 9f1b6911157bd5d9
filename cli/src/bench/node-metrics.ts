/** What a node serves on `/metrics`. */
export class NodeMetrics {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  /** @param port of the node's HTTP server on this machine */
  static async scrape(port: number): Promise<NodeMetrics> {
    const response = await fetch(`http://127.0.0.1:${port}/metrics`);
    return new NodeMetrics(await response.text());
  }

  /** The first series of that name that has the label; NaN without one. */
  value(name: string, label = ''): number {
    const line = this.#text
      .split('\n')
      .find(
        (each) =>
          /^[{ ]/.test(each.slice(name.length)) && each.startsWith(name) && each.includes(label),
      );
    return Number(line?.slice(line.lastIndexOf(' ') + 1) ?? NaN);
  }

  /** Chunks of its state that it sent to others. */
  get chunksSent(): number {
    return this.value('synod_messages_sent_total', 'type="chunk"');
  }

  /** The longest that its event loop took to come back since the scrape before. */
  get heldMs(): number {
    return this.value('nodejs_eventloop_lag_max_seconds') * 1000;
  }
}
