import type { AgentConfig, OverlayConfig } from './agent-config.ts';

/**
 * What a running agent uses after a reload: the new configuration, but with the former value of all
 * that `diffConfig` says needs a restart. So the next reload reports those again.
 */
export function takeOver(running: AgentConfig, next: AgentConfig): AgentConfig {
  const { name, stateDir, controlSocket, listen, dashboard, metrics, timers } = running;
  const { cni: _, ...rest } = next;
  return {
    ...rest,
    ...(running.cni !== undefined && { cni: running.cni }),
    name,
    stateDir,
    controlSocket,
    listen,
    dashboard,
    metrics,
    timers,
    overlays: next.overlays.map(overlay => {
      const before = running.overlays.find(other => other.name === overlay.name);
      return before === undefined ? overlay : takeOverOverlay(before, overlay);
    }),
  };
}

function takeOverOverlay(running: OverlayConfig, next: OverlayConfig): OverlayConfig {
  const { secret: _, ...rest } = next;
  return {
    ...rest,
    ...(running.secret !== undefined && { secret: running.secret }),
    xmpp: { ...next.xmpp, jid: running.xmpp.jid },
    interface: { ...next.interface, name: running.interface.name },
  };
}
