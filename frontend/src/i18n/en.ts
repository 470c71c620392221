import access from "@/pages/access/en.json";
import common from "@/app/en.json";
import explorer from "@/pages/explorer/en.json";
import help from "@/pages/help/en.json";
import report from "@/pages/report/en.json";
import signIn from "@/pages/sign-in/en.json";
import study from "@/pages/study/en.json";
import system from "@/pages/system/en.json";
import terms from "@/i18n/terms.en.json";
import viewer from "@/viewer/en.json";
import welcome from "@/pages/welcome/en.json";
import worklist from "@/pages/worklist/en.json";

/** Texts by namespace: one per page, `common` for the frame, `terms` for the field's words. */
export const messages = {
  access,
  common,
  explorer,
  help,
  report,
  signIn,
  study,
  system,
  terms,
  viewer,
  welcome,
  worklist,
};
