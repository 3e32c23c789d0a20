import { EvioError } from '@evio/types';

/** What a Prosody configuration is made of. */
export type LuaValue =
  | string
  | number
  | boolean
  | readonly LuaValue[]
  | { readonly [key: string]: LuaValue };

/**
 * Writes a Lua literal. Every byte of a string outside printable ASCII, and `"` and `\`, becomes a
 * decimal escape (Lua manual §3.1), so that no value can leave its quotes.
 *
 * @throws EvioError `LUA_VALUE` for a number that Lua has no literal for.
 */
export function luaLiteral(value: LuaValue, indent = ''): string {
  if (typeof value === 'string') return luaString(value);
  if (typeof value === 'boolean') return String(value);
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new EvioError('LUA_VALUE', `no Lua literal for ${value}`);
    return String(value);
  }
  const inner = `${indent}  `;
  const items = Array.isArray(value)
    ? value.map(item => luaLiteral(item, inner))
    : Object.entries(value).map(
        ([key, item]) => `[${luaString(key)}] = ${luaLiteral(item, inner)}`,
      );
  if (items.length === 0) return '{}';
  const line = `{ ${items.join(', ')} }`;
  if (line.length + indent.length <= 96 && !line.includes('\n')) return line;
  return `{\n${items.map(item => `${inner}${item},\n`).join('')}${indent}}`;
}

function luaString(text: string): string {
  let body = '';
  for (const byte of Buffer.from(text, 'utf8')) {
    const plain = byte >= 0x20 && byte < 0x7f && byte !== 0x22 && byte !== 0x5c;
    body += plain ? String.fromCharCode(byte) : `\\${String(byte).padStart(3, '0')}`;
  }
  return `"${body}"`;
}
