/** Which findings a row has room for: what nobody has acknowledged first, the worst on top. */
import { SEVERITIES, type Severity } from "./view";

interface Finding {
  severity: Severity;
  acknowledged: boolean;
}

export function chipsOf<T extends Finding>(
  findings: readonly T[],
  room: number,
): { shown: T[]; more: number } {
  const inOrder = [...findings].sort(
    (one, other) =>
      Number(one.acknowledged) - Number(other.acknowledged) ||
      SEVERITIES.indexOf(one.severity) - SEVERITIES.indexOf(other.severity),
  );
  return { shown: inOrder.slice(0, room), more: Math.max(findings.length - room, 0) };
}

/** Whether a critical finding waits for somebody to acknowledge it. */
export function isAlarming(findings: readonly Finding[]): boolean {
  return findings.some(({ severity, acknowledged }) => severity === "critical" && !acknowledged);
}
