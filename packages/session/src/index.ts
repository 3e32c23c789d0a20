export type { Random } from './curve25519.ts';
