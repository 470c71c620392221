/** Whether somebody is using this page; what an unattended one asks for keeps no session alive. */

const QUIET_MS = 60_000;
const SIGNS = ["pointerdown", "pointermove", "keydown", "wheel", "touchstart", "drop"] as const;

let lastSign = Date.now();

for (const sign of SIGNS)
  window.addEventListener(sign, () => (lastSign = Date.now()), { capture: true, passive: true });

export function isAttended(): boolean {
  return Date.now() - lastSign < QUIET_MS;
}
