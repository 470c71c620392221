/** Who is signed in; everything else waits for that. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { createContext, type ReactNode, useContext, useEffect, useState } from "react";

import { api, type Schemas, setCsrfToken } from "@/api/client";
import { ErrorPanel } from "@/components/ErrorPanel";
import { Waiting } from "@/components/Waiting";
import { SignInPage } from "@/pages/sign-in/SignInPage";

import { forgetAnswers, isSignedOut, watchSession } from "./endedSession";
import { queryClient } from "./queryClient";

export type WhoAmI = Schemas["WhoAmI"];
export type Permission = WhoAmI["permissions"][number];

const SessionContext = createContext<WhoAmI | null>(null);

export function useSession(): WhoAmI {
  const session = useContext(SessionContext);
  if (!session) throw new Error("nobody is signed in");
  return session;
}

export function useMay(permission: Permission): boolean {
  return useSession().permissions.includes(permission);
}

const WHO = api.queryOptions("get", "/api/v1/session", {}, { staleTime: Infinity });

/** Before there is anything to show: every page waits for it. What goes wrong shows at the gate. */
export function askWhoIsThere(): void {
  queryClient.query(WHO).catch(() => undefined);
}

/** Shows the pages to who may see them, the sign-in form to everybody else. */
export function SessionGate({ children }: { children: ReactNode }) {
  const queries = useQueryClient();
  const { data, error, refetch } = useQuery(WHO);
  // Repeated by requests of children, so it is known before they render.
  setCsrfToken(data?.csrf_token ?? null);

  // A session that ended shows in any answer.
  useEffect(() => watchSession(queries), [queries]);
  const signedOut = isSignedOut(error);
  // By now no page is left that would ask again.
  useEffect(() => {
    if (signedOut) forgetAnswers(queries);
  }, [queries, signedOut]);

  // Asking who is signed in takes the form away; what was entered there outlives that.
  const [oneTime, setOneTime] = useState<string>();
  const onSignedIn = (entered?: string) => {
    setOneTime(entered);
    void refetch();
  };
  if (signedOut || data?.must_change_password) {
    return (
      <SignInPage
        renew={signedOut ? null : (data ?? null)}
        oneTime={oneTime}
        onSignedIn={onSignedIn}
      />
    );
  }
  if (!data) return error ? <ErrorPanel error={error} retry={() => void refetch()} /> : <Waiting />;
  return <SessionContext value={data}>{children}</SessionContext>;
}
