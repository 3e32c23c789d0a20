const KEY = 'evio-token';

/**
 * The token of the URL's fragment, which then goes out of the address bar; on a reload, the one that
 * this tab remembers.
 */
export function takeToken(): string | undefined {
  const found = new URLSearchParams(location.hash.slice(1)).get('token');
  if (found === null) return sessionStorage.getItem(KEY) ?? undefined;
  sessionStorage.setItem(KEY, found);
  history.replaceState(null, '', location.pathname);
  return found;
}
