import common from "@/app/pt.json";
import signIn from "@/pages/sign-in/pt.json";
import terms from "@/i18n/terms.pt.json";
import worklist from "@/pages/worklist/pt.json";

/** What the frame and the worklist say, which are shown first; all other texts come with a page. */
export const messages = { common, signIn, terms, worklist };
