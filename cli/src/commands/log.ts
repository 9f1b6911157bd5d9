import { print, withClient, type SessionOptions } from './session.ts';

const PAGE = 500;

export async function log(options: SessionOptions): Promise<void> {
  await withClient(options, async (client) => {
    const texts: string[] = [];
    for (;;) {
      const page = await client.readTexts({ from: texts.length, limit: PAGE });
      texts.push(...page.texts);
      if (page.texts.length === 0 || texts.length >= page.total) break;
    }
    if (options.output === 'json' || texts.length > 0)
      print(options, texts, () => texts.join('\n'));
  });
}
