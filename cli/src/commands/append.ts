import { print, withClient, type SessionOptions } from './session.ts';

export async function append(text: string, options: SessionOptions): Promise<void> {
  await withClient(options, async (client) => {
    const result = await client.append(text);
    print(options, result, () =>
      result.existed
        ? `It was there already, at position ${result.position}.`
        : `Slot ${result.slot}, position ${result.position}.`,
    );
  });
}
