import { useEffect, useRef } from 'preact/hooks';

/** What of an element decides whether it wants a key for itself. */
export type KeyTarget = Pick<HTMLElement, 'localName' | 'isContentEditable'>;

const FIELDS: ReadonlySet<string> = new Set(['input', 'select', 'textarea']);
/** Pressed by `Enter` and the space bar. */
const PRESSED: ReadonlySet<string> = new Set(['a', 'button', 'summary']);

/** Whether a key is for the page: fields want all but Escape, and what is pressed its own two. */
export function isForPage(key: string, { localName, isContentEditable }: KeyTarget): boolean {
  if (key === 'Escape') return true;
  if (isContentEditable || FIELDS.has(localName)) return false;
  return !(PRESSED.has(localName) && (key === 'Enter' || key === ' '));
}

/** Keys that work wherever the focus is, unless what has it wants them. */
export function useKeys(actions: Readonly<Record<string, () => void>>): void {
  const current = useRef(actions);
  current.current = actions;
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      const { key, target } = event;
      const action = Object.hasOwn(current.current, key) ? current.current[key] : undefined;
      if (action === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
      if (target instanceof HTMLElement && !isForPage(key, target)) return;
      event.preventDefault();
      action();
    };
    document.addEventListener('keydown', press);
    return () => document.removeEventListener('keydown', press);
  }, []);
}
