/** The nonce of this page's style policy; libraries that insert style elements give it to them. */
import { setNonce } from "get-nonce";

export const styleNonce =
  document.querySelector<HTMLMetaElement>("meta[property='csp-nonce']")?.nonce ?? "";

setNonce(styleNonce);
