/** The file system as one thread sees it: what the thread has open is closed with it, as Node does for a worker. */
import type { FileSystem } from '../../src/shared/file-system.ts';

export function ownDescriptors(files: FileSystem): { readonly files: FileSystem; closeAll(): void } {
  const descriptors = new Set<number>();
  let isOver = false;
  const owned = (descriptor: number): number => {
    descriptors.add(descriptor);
    // It was opened while the thread ended.
    if (isOver) closeAll();
    return descriptor;
  };
  const closeAll = (): void => {
    isOver = true;
    for (const descriptor of descriptors) files.close(descriptor);
    descriptors.clear();
  };
  const own: Pick<FileSystem, 'open' | 'close' | 'slow'> = {
    open: (...args) => owned(files.open(...args)),
    close: (descriptor) => {
      descriptors.delete(descriptor);
      files.close(descriptor);
    },
    slow: { ...files.slow, open: async (...args) => owned(await files.slow.open(...args)) },
  };
  return {
    files: new Proxy(files, {
      get: (target, name) => {
        if (name === 'open' || name === 'close' || name === 'slow') return own[name];
        const value: unknown = Reflect.get(target, name);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    }),
    closeAll,
  };
}
