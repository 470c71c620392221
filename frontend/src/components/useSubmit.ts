/** What a form or a dialog asks of the server: once at a time; a refusal says why. */
import { useMutation } from "@tanstack/react-query";
import type { SubmitEvent } from "react";

import { messageOf } from "@/api/errors";

export interface Submission {
  busy: boolean;
  /** Why it was refused; empty while nothing was. */
  error: string;
  forget: () => void;
}

/** For what is not a form. */
export function useRun(run: () => Promise<unknown>): Submission & { run: () => void } {
  const { submission, mutate } = useSubmission(run);
  return { ...submission, run: () => mutate() };
}

/** For a form: what is thrown while it is sent, by whomever, is its error. */
export function useSubmit(
  send: (form: FormData) => Promise<unknown>,
): Submission & { submit: (event: SubmitEvent<HTMLFormElement>) => void } {
  const { submission, mutate } = useSubmission(send);
  const submit = (event: SubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    mutate(new FormData(event.currentTarget));
  };
  return { ...submission, submit };
}

function useSubmission<T>(mutationFn: (what: T) => Promise<unknown>) {
  // Passwords are forgotten with the form.
  const { mutate, isPending, error, reset } = useMutation({ mutationFn, gcTime: 0 });
  const submission = { busy: isPending, error: error ? messageOf(error) : "", forget: reset };
  return { submission, mutate };
}
