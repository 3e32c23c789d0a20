/**
 * A program for tests: listens to a multicast group, or sends to it.
 *
 *   node multicast.ts listen ADDRESS GROUP PORT      prints `listening`, then each message on a line
 *   node multicast.ts send ADDRESS GROUP PORT TEXT   sends one message by the interface with that address
 */
import { createSocket } from 'node:dgram';

const [what, address = '', group = '', port, text = ''] = process.argv.slice(2);
const socket = createSocket({ type: 'udp4', reuseAddr: true });

if (what === 'listen') {
  socket.on('message', message => console.log(message.toString()));
  socket.bind(Number(port), () => {
    socket.addMembership(group, address);
    console.log('listening');
  });
} else {
  socket.bind(0, () => {
    socket.setMulticastInterface(address);
    socket.setMulticastTTL(4);
    socket.send(text, Number(port), group, () => socket.close());
  });
}
