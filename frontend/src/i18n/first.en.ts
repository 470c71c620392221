import common from "@/app/en.json";
import signIn from "@/pages/sign-in/en.json";
import terms from "@/i18n/terms.en.json";
import worklist from "@/pages/worklist/en.json";

/** What the frame and the worklist say, which are shown first; all other texts come with a page. */
export const messages = { common, signIn, terms, worklist };
