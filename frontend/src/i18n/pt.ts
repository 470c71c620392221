import access from "@/pages/access/pt.json";
import common from "@/app/pt.json";
import explorer from "@/pages/explorer/pt.json";
import help from "@/pages/help/pt.json";
import report from "@/pages/report/pt.json";
import signIn from "@/pages/sign-in/pt.json";
import study from "@/pages/study/pt.json";
import system from "@/pages/system/pt.json";
import terms from "@/i18n/terms.pt.json";
import viewer from "@/viewer/pt.json";
import welcome from "@/pages/welcome/pt.json";
import worklist from "@/pages/worklist/pt.json";

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
