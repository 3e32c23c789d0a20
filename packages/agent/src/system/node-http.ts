/**
 * node:http, without what an `import` of it brings along: that reads every export, among them WebSocket, and
 * Node loads its whole web client for that one. It costs 35 ms at the start and 13 MB of memory.
 */
export const { createServer, request } = process.getBuiltinModule('node:http');
