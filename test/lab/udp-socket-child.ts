/** The child of udp-socket.ts: `node udp-socket-child.ts PORT ECHO`, JSON lines in and out. */
import { createSocket } from 'node:dgram';
import { createInterface } from 'node:readline';

const [port = '0', echo = 'false'] = process.argv.slice(2);
const socket = createSocket('udp6');
const plain = (address: string): string => address.replace(/^::ffff:/, '');
const join = (address: string, port: number): string =>
  address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;

socket.on('message', (message, { address, port }) => {
  const from = join(plain(address), port);
  console.log(JSON.stringify({ from, text: message.toString() }));
  // The answer says where the datagram came from, like a STUN server's.
  if (echo === 'true') socket.send(`saw ${from}`, port, address);
});
socket.bind(Number(port), () => {
  socket.setBroadcast(true);
  console.log(socket.address().port);
});
createInterface({ input: process.stdin })
  .on('line', line => {
    const { to, text } = JSON.parse(line) as { to: string; text: string };
    const cut = to.lastIndexOf(':');
    const address = to.slice(0, cut).replace(/^\[|\]$/g, '');
    const mapped = address.includes(':') ? address : `::ffff:${address}`;
    socket.send(text, Number(to.slice(cut + 1)), mapped, () => undefined);
  })
  .on('close', () => process.exit(0));
