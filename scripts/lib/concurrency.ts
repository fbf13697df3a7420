/** One per core of the smallest machine that runs the tests. */
export const lanes: number = 2;

/** Test files wait for locks, servers and deadlines for a third of their time. */
export const testLanes: number = lanes + 1;

/** `Promise.all` over `items`, with at most `limit` of them at a time. */
export async function mapLimited<T, R>(
  limit: number,
  items: readonly T[],
  task: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  async function lane(): Promise<void> {
    while (next < items.length) {
      const index = next++;
      results[index] = await task(items[index]);
    }
  }
  await Promise.all(Array.from({ length: limit }, lane));
  return results;
}
