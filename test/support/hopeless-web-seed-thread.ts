/** A web-seed thread that cannot live. */
export default function hopelessWebSeedThread(): Promise<void> {
  return Promise.reject(new Error('injected: no web-seed thread lives'));
}
