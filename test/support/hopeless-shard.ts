/** A shard that cannot live. */
export default function hopelessShard(): Promise<void> {
  return Promise.reject(new Error('injected: no shard lives'));
}
