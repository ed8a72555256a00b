/** The file system as one thread sees it: what the thread has open is closed with it, as Node does for a worker. */
import type { FileSystem } from '../../src/shared/file-system.ts';

export function ownDescriptors(files: FileSystem): { readonly files: FileSystem; closeAll(): void } {
  const descriptors = new Set<number>();
  const own: Pick<FileSystem, 'open' | 'close'> = {
    open: (...args) => {
      const descriptor = files.open(...args);
      descriptors.add(descriptor);
      return descriptor;
    },
    close: (descriptor) => {
      descriptors.delete(descriptor);
      files.close(descriptor);
    },
  };
  return {
    files: new Proxy(files, {
      get: (target, name) => {
        if (name === 'open' || name === 'close') return own[name];
        const value: unknown = Reflect.get(target, name);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    }),
    closeAll: () => {
      for (const descriptor of descriptors) files.close(descriptor);
      descriptors.clear();
    },
  };
}
