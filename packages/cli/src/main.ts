#!/usr/bin/env node
import { Command } from 'commander';

const program = new Command('evio')
  .description('A peer-to-peer layer-2 overlay for edge and cloud hosts, signaled over XMPP')
  .version('0.1.0');

await program.parseAsync();
